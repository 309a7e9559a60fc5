"""Finds where the table is in a file: what stands above its header, the header itself, and what stands below. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from shared.datasets import ReadSettings
from shared.reader.headers import are_units, header_of, may_be_names, value_columns
from shared.reader.sources import Record

_MOST_FOOTER_LINES = 12
_OTHER_DELIMITERS = (",", ";", "\t", "|", ":")


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
        parts += ["a delimiter at the end of each row"] if self.trailing_delimiter else []
        parts += ["no name for the first column"] if self.row_names else []
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
    header_lines, notes_lines = header_of(rows, value_columns(rows, width))
    if named is not None:
        header_lines, notes_lines = 1, int(len(rows) > 1 and are_units(rows[1]))
    has_row_names = named is None and header_lines == 0 < first and _lacks_first(records[first - 1][1], table)
    if settings.header_lines is not None:
        header_lines, notes_lines, has_row_names = settings.header_lines, 0, False
    if has_row_names:
        first, header_lines = first - 1, 1
    footer_lines = settings.footer_lines
    if footer_lines is None:
        footer_lines = _footer(ending, width, at_least=header_lines + notes_lines + 1, is_cut=is_cut) if ending else 0
    return Layout(
        skip_lines=settings.skip_lines or (records[first][0] - 1 if first else 0),
        header_lines=header_lines,
        notes_lines=notes_lines,
        footer_lines=footer_lines,
        trailing_delimiter=header_lines > 0 and _has_trailing_delimiter(rows, width),
        row_names=has_row_names,
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


def _lacks_first(cells: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a record has a name for each column of each row but the first, and that a name for each row."""
    row_names = {row[0].strip() for row in rows}
    are_distinct = len(row_names) == len(rows) > 1 and all(row_names)
    are_as_wide = len(cells) > 1 and all(len(row) == len(cells) + 1 for row in rows)
    return are_distinct and are_as_wide and sum(map(bool, cells)) >= len(cells) - 1 and may_be_names(cells)


def _is_remark(cells: Sequence[str]) -> bool:
    return len(cells) > 2 and bool(cells[0].strip()) and not any(cell.strip() for cell in cells[1:])  # noqa: PLR2004


def _footer(ending: Sequence[Record], width: int, *, at_least: int, is_cut: bool) -> int:
    """Count the records at the end that are remarks without a delimiter, in a table of three columns or more.

    A single one right below the rows, without a line end, is rather a row whose rest is missing.
    """
    if width < 3:  # noqa: PLR2004
        return 0
    remarks = list(takewhile(lambda record: _is_sentence(record[1], width), reversed(ending[at_least:])))
    is_apart = len(remarks) < len(ending) and bool(remarks) and remarks[-1][0] > ending[-len(remarks) - 1][0] + 1
    if len(remarks) > _MOST_FOOTER_LINES or (is_cut and len(remarks) == 1 and not is_apart):
        return 0
    return len(remarks)


def _is_sentence(cells: Sequence[str], width: int) -> bool:
    """Whether a record is one cell on one line, and more than a word: a word may be a key whose row is cut short.

    With another delimiter as often as a row has its own it is rather a row.
    """
    if len(cells) != 1 or cells[0].strip().isalnum() or not {"\r", "\n"}.isdisjoint(cells[0]):
        return False
    return all(cells[0].count(delimiter) != width - 1 for delimiter in _OTHER_DELIMITERS)
