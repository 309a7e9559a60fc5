"""A profile as plain text for a terminal, 78 columns wide, without colour."""

import textwrap
from collections.abc import Iterator

from inflow.presentation.line_report import as_lines
from shared.profiling.printable import visible
from shared.profiling.profile import ColumnProfile, Histogram, Profile
from shared.profiling.wording import (
    count,
    distinct_text,
    frequent_note,
    keys_notes,
    lengths_text,
    percent,
    reference_text,
    type_text,
)

_WIDTH = 78
_LABEL = 12
_BLOCKS = "▁▂▃▄▅▆▇█"
_MAX_FREQUENT = 5


def as_text(profile: Profile) -> str:
    """Write a profile: the file, its columns one by one, keys, references, rejected rows."""
    rows, columns = count(profile.rows, "row"), count(len(profile.columns), "column")
    lines = textwrap.wrap(f"{visible(profile.file)}: {rows}, {columns}, {profile.rejected:,} rejected", _WIDTH)
    lines += _fact("read as", profile.read_as, indent="")
    lines += _fact("! cut short", profile.truncation or "", indent="")
    lines += _fact("! doubtful", profile.doubt or "", indent="")
    if profile.account is not None:
        lines += _block("lines", [visible(line, most=200) for line in as_lines(profile.account)])
    for column in profile.columns:
        lines += ["", *_column(column, profile.rows)]
    lines += ["", *_block("keys", keys_notes(profile.keys))]
    if profile.references:
        lines += _block("references", list(map(reference_text, profile.references)))
    return "\n".join([*lines, *_rejected(profile)])


def _column(column: ColumnProfile, rows: int) -> Iterator[str]:
    yield f"{visible(column.name)}  {type_text(column)}"
    yield from _facts(column, rows)
    if column.histogram and len(column.histogram.bins) > 1:
        yield from _fact("histogram", _histogram(column.histogram))
    if column.quantiles:
        yield from _fact("quantiles", ", ".join(f"{each.share * 100:.0f} % {each.value}" for each in column.quantiles))
    yield from _fact("frequent", _frequent(column))
    for finding in column.findings:
        lines = f" (line {', '.join(map(str, finding.lines))})" if finding.lines else ""
        yield from _fact("! look", visible(finding.message, most=600) + lines)


def _facts(column: ColumnProfile, rows: int) -> Iterator[str]:
    yield from _fact("empty", f"{column.empty:,} ({percent(column.empty, rows)})" if column.empty else "none")
    yield from _fact("distinct", distinct_text(column.distinct))
    if column.least is not None:
        yield from _fact("range", f"{column.least} to {column.greatest}")
    elif column.longest is not None:
        yield from _fact("length", lengths_text(column))


def _frequent(column: ColumnProfile) -> str:
    if column.distinct.count == column.values:
        return "all differ" if column.values else ""
    shown = [f"{visible(each.value)} {each.count:,}×" for each in column.most_frequent.values[:_MAX_FREQUENT]]
    note = frequent_note(column.most_frequent)
    return ", ".join(shown) + (f" ({note})" if note else "")


def _histogram(histogram: Histogram) -> str:
    """Draw one character per bin, with the outer edges around them."""
    highest = max(each.count for each in histogram.bins)
    bars = "".join(_BLOCKS[-(-each.count * 7 // highest)] if each.count else " " for each in histogram.bins)
    sample = f" (of {histogram.counted:,} sampled)" if histogram.is_sample else ""
    return f"{histogram.bins[0].low} {bars} {histogram.bins[-1].high}{sample}"


def _rejected(profile: Profile) -> Iterator[str]:
    if profile.rejected:
        notes = [f"line {row.line}: {row.code}: {visible(row.message, most=200)}" for row in profile.rejected_rows]
        more = profile.rejected - len(notes)
        yield from _block("rejected", [*notes, *([f"and {more:,} more"] if more else [])])


def _block(label: str, notes: list[str]) -> Iterator[str]:
    for number, note in enumerate(notes):
        yield from _fact("" if number else label, note, indent="")


def _fact(label: str, text: str, *, indent: str = "  ") -> list[str]:
    if not text:
        return []
    begin = indent + label.ljust(_LABEL)
    return textwrap.wrap(text, _WIDTH, initial_indent=begin, subsequent_indent=" " * len(begin), break_on_hyphens=False)
