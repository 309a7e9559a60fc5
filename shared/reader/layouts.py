"""Finds where the table is in a file: what stands above its header, the header itself, and what stands below. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from shared.datasets import ReadSettings
from shared.reader.footers import footer_of, is_remark
from shared.reader.headers import are_units, header_of, may_be_names, value_columns
from shared.reader.sources import Record
from shared.reader.trailing import lacks_last, trailing_delimiters

_MOST_PREAMBLE_RECORDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the table is."""

    #: Lines before the header.
    skip_lines: int = 0
    #: Records that the header takes; 0 where there is none.
    header_lines: int = 1
    #: Records below it that are no rows: units, notes.
    notes_lines: int = 0
    #: Records at the end that are no rows.
    footer_lines: int = 0
    #: How many delimiters at the end of each row no column follows.
    trailing_delimiters: int = 0
    #: Whether the header has no cell for the first column, which names the rows.
    row_names: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the first record is the header and all others are rows."""
        return self == Layout()

    def __str__(self) -> str:
        """Say it in the words of inflow.toml."""
        parts = [f"header_lines {self.header_lines}"]
        parts += [f"skip_lines {self.skip_lines}"] if self.skip_lines else []
        parts += [f"notes_lines {self.notes_lines}"] if self.notes_lines else []
        parts += [f"footer_lines {self.footer_lines}"] if self.footer_lines else []
        parts += [f"trailing_delimiters {self.trailing_delimiters}"] if self.trailing_delimiters else []
        parts += ["no name for the first column"] if self.row_names else []
        return ", ".join(parts)


def find_layout(
    records: Sequence[Record],
    width: int,
    settings: ReadSettings,
    *,
    ending: Sequence[Record] | None,
    is_cut: bool = False,
    named: tuple[int, int] | None = None,
) -> Layout:
    """Find the layout from the file's first records, and its last ones where they are known.

    `is_cut`: the file does not end with a line end. `named`: where the header is known to begin, and how many records
    it takes.
    """
    if named is not None:
        top = _named(records, width, *named, settings)
    elif settings.header_lines is not None:
        top = _counted(records, width, settings.header_lines, settings)
    else:
        top = _guessed(records, width, settings)
    footer_lines = settings.footer_lines
    if footer_lines is None:
        footer_lines = footer_of(ending, width, at_least=top.header_lines + top.notes_lines + 1, is_cut=is_cut)
    return Layout(
        skip_lines=settings.skip_lines or (records[top.first][0] - 1 if top.first else 0),
        header_lines=top.header_lines,
        notes_lines=top.notes_lines,
        footer_lines=footer_lines,
        trailing_delimiters=trailing_delimiters(records[top.first :], width, top.header_lines),
        row_names=top.row_names,
    )


class _Top(NamedTuple):
    """Where the table begins, and what stands above its rows."""

    first: int
    header_lines: int
    notes_lines: int = 0
    row_names: bool = False


def _named(records: Sequence[Record], width: int, place: int, header_lines: int, settings: ReadSettings) -> _Top:
    """The header is known by its names."""
    below = [cells for _, cells in records[place + header_lines :] if len(cells) == width]
    has_units = settings.header_lines is None and bool(below) and are_units(below[0])
    # Single letters are units above values alone.
    return _Top(place, header_lines, int(has_units and bool(value_columns(below, width))))


def _counted(records: Sequence[Record], width: int, header_lines: int, settings: ReadSettings) -> _Top:
    """It is known how many records the header takes. Where it takes none, what is as wide as a row may be one."""
    if settings.skip_lines is not None:
        return _Top(0, header_lines)
    if header_lines:
        return _Top(_first_of_table(records, width), header_lines)
    texts = takewhile(lambda record: width > 1 and is_remark(record[1], width), records)
    above = sum(1 for _ in texts)
    return _Top(above if above < len(records) else 0, 0)


def _guessed(records: Sequence[Record], width: int, settings: ReadSettings) -> _Top:
    first = _first_of_table(records, width) if settings.skip_lines is None else 0
    table = [cells for _, cells in records[first:]]
    rows = [cells for cells in table if len(cells) == width]
    if table and len(table[0]) < width:
        rows.insert(0, [*table[0], *[""] * (width - len(table[0]))])
    header_lines, notes_lines = header_of(rows, value_columns(rows, width))
    if header_lines == 0 < first and _lacks_first(records[first - 1][1], table):
        return _Top(first - 1, 1, notes_lines, row_names=True)
    return _Top(first, header_lines, notes_lines)


def _first_of_table(records: Sequence[Record], width: int) -> int:
    """The first record that is as wide as most, and not empty or a title in its first cell alone."""
    begin = _below_padded(records, width)
    for place, (_, cells) in enumerate(records[begin:], start=begin):
        is_wide = len(cells) == width or lacks_last(records, place, width)
        if is_wide and any(map(str.strip, cells)) and not _is_title(cells):
            return place
    return 0


def _below_padded(records: Sequence[Record], width: int) -> int:
    """Where it begins at the earliest: below a record of delimiters alone, as spreadsheets write a preamble's end.

    Each record above it lacks a value, and the one below it has all.
    """
    for place, (_, cells) in enumerate(records[:_MOST_PREAMBLE_RECORDS]):
        if len(cells) == width > 2 and not any(map(str.strip, cells)):  # noqa: PLR2004
            below = records[place + 1 : place + 2]
            return place + 1 if below and len(below[0][1]) == width and all(map(str.strip, below[0][1])) else 0
        if all(map(str.strip, cells)) and len(cells) == width:
            return 0
    return 0


def _lacks_first(cells: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a record has a name for each column of each row but the first, and that a name for each row."""
    row_names = {row[0].strip() for row in rows}
    are_distinct = len(row_names) == len(rows) > 1 and all(row_names)
    are_as_wide = len(cells) > 1 and all(len(row) == len(cells) + 1 for row in rows)
    return are_distinct and are_as_wide and sum(map(bool, cells)) >= len(cells) - 1 and may_be_names(cells)


def _is_title(cells: Sequence[str]) -> bool:
    return len(cells) > 2 and bool(cells[0].strip()) and not any(cell.strip() for cell in cells[1:])  # noqa: PLR2004
