"""Counts trailing delimiters: those at the end of rows that are not followed by a column. Pure."""

from collections.abc import Sequence
from itertools import takewhile

from shared.reading.sources import Record


def lacks_last(records: Sequence[Record], place: int, width: int) -> bool:
    """Whether all rows below end with delimiters, but this record, the header, does not."""
    missing = width - len(records[place][1])
    below = [cells for _, cells in records[place + 1 :] if len(cells) == width]
    return 0 < missing <= _empty_at_the_end(below, width)


def trailing_delimiters(table: Sequence[Record], width: int, header_lines: int) -> int:
    """Count the delimiters at the end of each row that are not followed by a column."""
    header, rows = table[:header_lines], table[header_lines:]
    if not header or any(len(cells) > width for _, cells in header):
        return 0
    named = max((place for _, cells in header for place, cell in enumerate(cells, start=1) if cell.strip()), default=0)
    return min(width - named, _empty_at_the_end([cells for _, cells in rows if len(cells) == width], width))


def _empty_at_the_end(rows: Sequence[Sequence[str]], width: int) -> int:
    """Count the last columns that are empty in all of these rows; at least two columns are left."""
    if not rows or any(cells[-1] for cells in rows):
        return 0
    empty = min(len(list(takewhile(lambda cell: not cell, reversed(cells)))) for cells in rows)
    return max(0, min(empty, width - 2))
