"""Finds where the table is in a file: what stands above its header, the header itself, and what stands below. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, takewhile

from shared.datasets import ReadSettings
from shared.reader.cell_kinds import Kind, kind_of
from shared.reader.sources import Record

_VALUES: tuple[Kind, ...] = ("number", "time")
#: A column is one of values where so many of its cells are.
_MOST_VALUES = 0.8
_MOST_HEADER_LINES = 4
_MOST_FOOTER_LINES = 12
_UNIT = re.compile(r"[\[(].{0,20}[\])]|%|°?[CFK]|[µmkcdMG]?(?:m|g|l|L|s|V|A|W|Hz|Pa|bar|mol|J)(?:[²³23])?(?:/\w{1,3})?")
_YEARS = range(1800, 2200)


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
    #: Whether each row ends with a delimiter that no column follows.
    trailing_delimiter: bool = False

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
        parts += ["a delimiter at the end of each row"] if self.trailing_delimiter else []
        return ", ".join(parts)


def find_layout(
    records: Sequence[Record],
    width: int,
    settings: ReadSettings,
    *,
    ending: Sequence[Record] | None,
    is_cut: bool = False,
    named: int | None = None,
) -> Layout:
    """Find the layout from the file's first records, and its last ones where they are known.

    `is_cut`: the file does not end with a line end. `named`: the place of the record that is known to be the header.
    """
    if named is not None:
        first, width = named, len(records[named][1])
    else:
        first = _first_of_table(records, width) if settings.skip_lines is None else 0
    table = [cells for _, cells in records[first:]]
    rows = [cells for cells in table if len(cells) == width]
    if table and len(table[0]) == width - 1:
        rows.insert(0, [*table[0], ""])
    header_lines, notes_lines = _header(rows, _value_columns(rows, width))
    if named is not None:
        header_lines, notes_lines = 1, int(len(rows) > 1 and _are_units(rows[1]))
    if settings.header_lines is not None:
        header_lines, notes_lines = settings.header_lines, 0
    footer_lines = settings.footer_lines
    if footer_lines is None:
        footer_lines = _footer(ending, width, at_least=header_lines + notes_lines + 1, is_cut=is_cut) if ending else 0
    return Layout(
        skip_lines=settings.skip_lines or (records[first][0] - 1 if first else 0),
        header_lines=header_lines,
        notes_lines=notes_lines,
        footer_lines=footer_lines,
        trailing_delimiter=header_lines > 0 and _has_trailing_delimiter(rows, width),
    )


def _first_of_table(records: Sequence[Record], width: int) -> int:
    """The first record that is as wide as most, and not empty or a remark in its first cell alone."""
    for place, (_, cells) in enumerate(records):
        is_wide = len(cells) == width or (len(cells) == width - 1 and _lacks_last(records, place, width))
        if is_wide and any(map(str.strip, cells)) and not _is_remark(cells):
            return place
    return 0


def _lacks_last(records: Sequence[Record], place: int, width: int) -> bool:
    """Whether all rows below end with a delimiter, and this one, the header, does not."""
    below = [cells for _, cells in records[place + 1 :] if len(cells) == width]
    return _has_trailing_delimiter(below, width)


def _has_trailing_delimiter(rows: Sequence[Sequence[str]], width: int) -> bool:
    return len(rows) > 1 and width > 2 and not any(cells[-1] for cells in rows)  # noqa: PLR2004


def _is_remark(cells: Sequence[str]) -> bool:
    return len(cells) > 2 and bool(cells[0].strip()) and not any(cell.strip() for cell in cells[1:])  # noqa: PLR2004


def _value_columns(rows: Sequence[Sequence[str]], width: int) -> dict[int, Kind]:
    """Return the columns that hold numbers or times nearly everywhere, below what may be a header."""
    below = rows[max(1, min(len(rows) // 2, _MOST_HEADER_LINES)) :]
    found: dict[int, Kind] = {}
    for column in range(width):
        kinds = Counter(kind_of(cells[column]) for cells in below)
        del kinds["empty"]
        for kind in _VALUES:
            if kinds[kind] and kinds[kind] >= _MOST_VALUES * kinds.total():
                found[column] = kind
    return found


def _header(rows: Sequence[Sequence[str]], values: dict[int, Kind]) -> tuple[int, int]:
    """Return how many records are names, and how many below them are units or notes."""
    if not rows:
        return 1, 0
    if not values:
        return int(_may_be_names(rows)), 0
    header_lines = 0
    for cells in rows[:_MOST_HEADER_LINES]:
        if not _names_values(cells, values):
            break
        header_lines += 1
    if header_lines == 0:
        return int(_are_years(rows[0], values)), 0
    notes = [cells for cells in rows[1:header_lines] if _are_units(cells)]
    return header_lines - len(notes), len(notes)


def _may_be_names(rows: Sequence[Sequence[str]]) -> bool:
    """In a table of texts alone, the first record is the header unless it is clearly a row."""
    first = [cell.strip() for cell in rows[0]]
    return not any(kind_of(cell) in _VALUES for cell in first) and len(set(filter(None, first))) == len(
        list(filter(None, first))
    )


def _names_values(cells: Sequence[str], values: dict[int, Kind]) -> bool:
    """Whether most columns of values have something else here."""
    kinds = [kind_of(cells[column]) for column in values]
    others = sum(kind not in (*_VALUES, "empty") for kind in kinds)
    return others > 0 and others >= sum(kind in _VALUES for kind in kinds)


def _are_years(cells: Sequence[str], values: dict[int, Kind]) -> bool:
    """Whether the columns of numbers have the names of years, one after the other."""
    names = [cells[column].strip() for column in values]
    if len(names) < 2 or not all(re.fullmatch(r"\d{4}", name) for name in names):  # noqa: PLR2004
        return False
    years = [int(name) for name in names]
    return all(year + 1 == later for year, later in pairwise(years)) and years[0] in _YEARS


def _are_units(cells: Sequence[str]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(_UNIT.fullmatch(cell) for cell in filled)


def _footer(ending: Sequence[Record], width: int, *, at_least: int, is_cut: bool) -> int:
    """Count the records at the end that are remarks without a delimiter, in a table of three columns or more.

    A single one right below the rows, without a line end, is rather a row whose rest is missing.
    """
    if width < 3:  # noqa: PLR2004
        return 0
    remarks = list(takewhile(lambda record: _is_sentence(record[1]), reversed(ending[at_least:])))
    is_apart = len(remarks) < len(ending) and bool(remarks) and remarks[-1][0] > ending[-len(remarks) - 1][0] + 1
    if len(remarks) > _MOST_FOOTER_LINES or (is_cut and len(remarks) == 1 and not is_apart):
        return 0
    return len(remarks)


def _is_sentence(cells: Sequence[str]) -> bool:
    """Whether a record is one cell, and more than a word: a word may be a key whose row is cut short."""
    return len(cells) == 1 and not cells[0].strip().isalnum()
