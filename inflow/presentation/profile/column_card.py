"""The part of the page that is about one column."""

from collections.abc import Iterator
from html import escape
from typing import TypeGuard

from inflow.presentation.profile.pictures import histogram_svg, share_svg
from shared.profiling.printable import visible
from shared.profiling.profile import ColumnProfile, Finding, Histogram
from shared.profiling.wording import distinct_text, edges_text, frequent_note, lengths_text, percent, type_text

_WIDTH, _HEIGHT = 448, 120
_MEDIAN = 0.5


def column_card(column: ColumnProfile, rows: int, number: int) -> str:
    """Write the facts, pictures and findings of one column."""
    facts = "".join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in _facts(column, rows))
    pictures = "".join([*_histogram(column), *_frequent(column)])
    return (
        f'<article id="column-{number}">\n<header><h3>{escape(visible(column.name))}</h3>'
        f'<span class="soft">{escape(type_text(column))}</span></header>\n<dl>{facts}</dl>\n'
        f'<div class="pictures">{pictures}</div>\n{_findings(column.findings)}</article>'
    )


def _facts(column: ColumnProfile, rows: int) -> Iterator[tuple[str, str]]:
    yield "filled", f"{column.values:,} ({percent(column.values, rows)})"
    yield "empty", f"{column.empty:,}"
    yield "distinct", distinct_text(column.distinct)
    if column.least is not None:
        yield "range", f"{column.least} to {column.greatest}"
    elif column.longest is not None:
        yield "length", lengths_text(column)


def is_worth_drawing(histogram: Histogram | None) -> TypeGuard[Histogram]:
    """Whether there is a histogram with more than one bar."""
    return histogram is not None and len(histogram.bins) > 1


def _histogram(column: ColumnProfile) -> Iterator[str]:
    histogram = column.histogram
    if not is_worth_drawing(histogram):
        return
    first, last = histogram.bins[0], histogram.bins[-1]
    what = "lengths, in characters" if histogram.of == "lengths" else "values"
    sample = f", from a sample of {histogram.counted:,}" if histogram.is_sample else ""
    fullest = max(histogram.bins, key=lambda each: each.count)
    says = (
        f"Histogram of {what} from {first.low} to {last.high};"
        f" most, {fullest.count:,} of {histogram.counted:,}, at {edges_text(fullest)}"
    )
    picture = histogram_svg(histogram, width=_WIDTH, height=_HEIGHT, says=says)
    yield (
        f"<figure><figcaption>spread of {what}{sample}</figcaption>{picture}"
        f'<div class="edges" aria-hidden="true"><span>{escape(first.low)}</span>'
        f"<span>{escape(last.high)}</span></div>{_quantiles(column)}</figure>"
    )


def _quantiles(column: ColumnProfile) -> str:
    quantiles = "".join(
        f"<div><dt>{_share(each.share)}</dt><dd>{escape(each.value)}</dd></div>" for each in column.quantiles
    )
    return quantiles and f"<dl>{quantiles}</dl>"


def _share(share: float) -> str:
    return "median" if share == _MEDIAN else f"{share * 100:.0f} % up to"


def _frequent(column: ColumnProfile) -> Iterator[str]:
    shown = column.most_frequent.values
    if not shown or column.distinct.count == column.values:
        return
    note = frequent_note(column.most_frequent)
    rows = "".join(_frequent_row(each.value, each.count, shown[0].count, column.values) for each in shown)
    caption = f"most frequent{f' ({note})' if note else ''}"
    yield f'<figure><figcaption>{caption}</figcaption><table class="frequent"><tbody>{rows}</tbody></table></figure>'


def _frequent_row(value: str, number: int, most: int, values: int) -> str:
    bar = share_svg(number / most, width=100, height=8, says=percent(number, values))
    return f'<tr><td>{escape(visible(value))}</td><td class="picture">{bar}</td><td class="number">{number:,}</td></tr>'


def _findings(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return ""
    items = "".join(f"<li>{escape(visible(each.message, most=600))}{_lines(each.lines)}</li>" for each in findings)
    return f'<ul class="notes">{items}</ul>\n'


def _lines(lines: tuple[int, ...]) -> str:
    if not lines:
        return ""
    return f' <span class="soft">{"line" if len(lines) == 1 else "lines"} {", ".join(map(str, lines))}</span>'
