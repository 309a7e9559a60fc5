"""Counts delimiters at the end of rows that no column follows. Pure."""

from collections.abc import Sequence
from itertools import takewhile

from shared.reading.sources import Record


def lacks_last(records: Sequence[Record], place: int, width: int) -> bool:
    """Whether all rows below end with delimiters, and this one, the header, does not."""
    missing = width - len(records[place][1])
    below = [cells for _, cells in records[place + 1 :] if len(cells) == width]
    return 0 < missing <= _empty_at_the_end(below, width)


def trailing_delimiters(table: Sequence[Record], width: int, header_lines: int) -> int:
    """Count the delimiters at the end of each row that no column follows."""
    header, rows = table[:header_lines], table[header_lines:]
    if not header or any(len(cells) > width for _, cells in header):
        return 0
    named = max((place for _, cells in header for place, cell in enumerate(cells, start=1) if cell.strip()), default=0)
    return min(width - named, _empty_at_the_end([cells for _, cells in rows if len(cells) == width], width))


def _empty_at_the_end(rows: Sequence[Sequence[str]], width: int) -> int:
    """Count the columns at the end that are empty in all of these rows; two columns are always left."""
    if not rows or any(cells[-1] for cells in rows):
        return 0
    empty = min(len(list(takewhile(lambda cell: not cell, reversed(cells)))) for cells in rows)
    return max(0, min(empty, width - 2))
