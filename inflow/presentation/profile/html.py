"""A profile as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

import importlib.resources
from collections.abc import Iterable, Iterator
from html import escape

from inflow.presentation.profile.column_card import column_card, is_worth_drawing
from inflow.presentation.profile.pictures import histogram_svg, share_svg
from shared.profiling.printable import visible
from shared.profiling.profile import ColumnProfile, Profile
from shared.profiling.wording import count, distinct_text, keys_notes, percent, reference_text

#: Forbids anything that a value might still inject.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def as_html(profile: Profile) -> str:
    """Write the page: an overview of all columns, then each of them."""
    style = (importlib.resources.files("inflow.presentation.profile") / "page.css").read_text(encoding="utf-8")
    title = escape(visible(profile.file))
    return "\n".join([
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title} – profile</title>\n<style>\n{style}</style>\n</head>\n<body>",
        f"<header>\n<h1>{title}</h1>\n{_summary(profile)}</header>\n<main>",
        *_overview(profile),
        *_list("Candidate keys", keys_notes(profile.keys)),
        *_list("Possible references", list(map(reference_text, profile.references))),
        *_rejected(profile),
        "<h2>Columns</h2>",
        *(column_card(column, profile.rows, number) for number, column in enumerate(profile.columns, start=1)),
        "</main>\n</body>\n</html>\n",
    ])  # fmt: skip


def _summary(profile: Profile) -> str:
    rejected = f" · {count(profile.rejected, 'rejected row')}" if profile.rejected else ""
    counts = f"{count(profile.rows, 'row')} · {count(len(profile.columns), 'column')}{rejected}"
    faults = (("cut short", profile.truncation), ("doubtful", profile.doubt))
    badges = "".join(f'<p class="badge">{name}: {escape(fault)}</p>\n' for name, fault in faults if fault)
    return f'<p class="soft">{counts}</p>\n<p class="soft">{escape(visible(profile.read_as, most=200))}</p>\n{badges}'


def _overview(profile: Profile) -> Iterator[str]:
    yield '<h2>At a glance</h2>\n<div class="scroll"><table>\n<thead><tr><th scope="col">column</th>'
    yield '<th scope="col">type</th><th scope="col">filled</th><th scope="col" class="number">distinct</th>'
    yield '<th scope="col">spread</th><th scope="col">notes</th></tr></thead>\n<tbody>'
    for number, column in enumerate(profile.columns, start=1):
        yield _row(column, profile.rows, number)
    yield "</tbody></table></div>"


def _row(column: ColumnProfile, rows: int, number: int) -> str:
    filled = percent(column.values, rows)
    bar = share_svg(column.values / rows if rows else 0, width=80, height=8, says=f"{filled} filled")
    badge = f'<span class="badge">{len(column.findings)}</span>' if column.findings else ""
    return (
        f'<tr><th scope="row"><a href="#column-{number}">{escape(visible(column.name))}</a></th><td>{column.type}</td>'
        f'<td title="{filled}">{bar}</td>'
        f'<td class="number">{escape(distinct_text(column.distinct))}</td>'
        f"<td>{_small_histogram(column)}</td><td>{badge}</td></tr>"
    )


def _small_histogram(column: ColumnProfile) -> str:
    if not is_worth_drawing(column.histogram):
        return ""
    return histogram_svg(column.histogram, width=144, height=24, says=f"histogram of {column.histogram.of}")


def _rejected(profile: Profile) -> Iterator[str]:
    if profile.rejected:
        rows = [f"line {row.line}: {row.code}: {visible(row.message, most=300)}" for row in profile.rejected_rows]
        more = profile.rejected - len(rows)
        yield from _list("Rejected rows", [*rows, *([f"and {more:,} more"] if more else [])])


def _list(title: str, notes: Iterable[str]) -> Iterator[str]:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    if items:
        yield f'<h2>{title}</h2>\n<ul class="plain">{items}</ul>'
