"""Finds where the table is in a file: what stands above its header, the header itself, and what stands below. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from typing import NamedTuple

from shared.datasets import ReadSettings
from shared.reader.headers import are_units, header_of, may_be_names, value_columns
from shared.reader.sources import Record

_MOST_FOOTER_LINES = 12
_MOST_PREAMBLE_RECORDS = 20
_OTHER_DELIMITERS = (",", ";", "\t", "|", ":")
_MOST_WORDS_OF_A_NAME = 3
#: How a remark begins: with a sign, as a note does; or ends: as a sentence does, or as what a list follows; or a label.
_REMARK = re.compile(r"^[*#(\[\-–—=_©†‡¹²³]|[.:!?)\]]$|\w: ")


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
        footer_lines = _footer(ending, width, at_least=top.header_lines + top.notes_lines + 1, is_cut=is_cut)
    return Layout(
        skip_lines=settings.skip_lines or (records[top.first][0] - 1 if top.first else 0),
        header_lines=top.header_lines,
        notes_lines=top.notes_lines,
        footer_lines=footer_lines,
        trailing_delimiters=_trailing_delimiters(records[top.first :], width, top.header_lines),
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
    texts = takewhile(lambda record: width > 1 and _is_remark_alone(record[1], width), records)
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
    """The first record that is as wide as most, and not empty or a remark in its first cell alone."""
    begin = _below_padded(records, width)
    for place, (_, cells) in enumerate(records[begin:], start=begin):
        is_wide = len(cells) == width or _lacks_last(records, place, width)
        if is_wide and any(map(str.strip, cells)) and not _is_remark(cells):
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


def _lacks_last(records: Sequence[Record], place: int, width: int) -> bool:
    """Whether all rows below end with delimiters, and this one, the header, does not."""
    missing = width - len(records[place][1])
    below = [cells for _, cells in records[place + 1 :] if len(cells) == width]
    return 0 < missing <= _empty_at_the_end(below, width)


def _trailing_delimiters(table: Sequence[Record], width: int, header_lines: int) -> int:
    """Count the delimiters at the end of each row that no column follows."""
    header, rows = table[:header_lines], table[header_lines:]
    if not header or any(len(cells) > width for _, cells in header):
        return 0
    named = max((place for _, cells in header for place, cell in enumerate(cells, start=1) if cell.strip()), default=0)
    return min(width - named, _empty_at_the_end([cells for _, cells in rows if len(cells) == width], width))


def _empty_at_the_end(rows: Sequence[Sequence[str]], width: int) -> int:
    """Count the columns at the end that are empty in all of these rows; two columns are always left."""
    if not rows:
        return 0
    empty = min(len(list(takewhile(lambda cell: not cell, reversed(cells)))) for cells in rows)
    return max(0, min(empty, width - 2))


def _lacks_first(cells: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a record has a name for each column of each row but the first, and that a name for each row."""
    row_names = {row[0].strip() for row in rows}
    are_distinct = len(row_names) == len(rows) > 1 and all(row_names)
    are_as_wide = len(cells) > 1 and all(len(row) == len(cells) + 1 for row in rows)
    return are_distinct and are_as_wide and sum(map(bool, cells)) >= len(cells) - 1 and may_be_names(cells)


def _is_remark(cells: Sequence[str]) -> bool:
    return len(cells) > 2 and bool(cells[0].strip()) and not any(cell.strip() for cell in cells[1:])  # noqa: PLR2004


def _footer(ending: Sequence[Record] | None, width: int, *, at_least: int, is_cut: bool) -> int:
    """Count the records at the end that are remarks without a delimiter, in a table of three columns or more.

    A single one right below the rows, without a line end, is rather a row whose rest is missing.
    """
    if width < 3 or not ending:  # noqa: PLR2004
        return 0
    texts = list(takewhile(lambda record: _is_text_alone(record[1], width), reversed(ending[at_least:])))[::-1]
    is_apart = 0 < len(texts) < len(ending) and texts[0][0] > ending[-len(texts) - 1][0] + 1
    remarks = texts if is_apart else list(dropwhile(lambda record: not _is_remark_alone(record[1], width), texts))
    if len(remarks) > _MOST_FOOTER_LINES or (is_cut and len(remarks) == 1 and not is_apart):
        return 0
    return len(remarks)


def _is_text_alone(cells: Sequence[str], width: int) -> bool:
    """Whether a record is one cell on one line, and more than a word: a word may be a key whose row is cut short.

    With another delimiter as often as a row has its own it is rather a row.
    """
    if len(cells) != 1 or cells[0].strip().isalnum() or not {"\r", "\n"}.isdisjoint(cells[0]):
        return False
    return all(cells[0].count(delimiter) != width - 1 for delimiter in _OTHER_DELIMITERS)


def _is_remark_alone(cells: Sequence[str], width: int) -> bool:
    """Whether a text alone is more than a name or two: a sentence, or what begins or ends as a remark does."""
    if not _is_text_alone(cells, width):
        return False
    text = cells[0].strip()
    words = [word for word in text.split() if word[0].isalpha()]
    return len(words) > _MOST_WORDS_OF_A_NAME or _REMARK.search(text) is not None
