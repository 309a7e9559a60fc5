"""Reads the rows of one sheet, and finds the beginning of its table."""

import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from typing import Any, NamedTuple

from defusedxml import DefusedXmlException

from shared.model.errors import FileRefused
from shared.reading.cell_text import text_of, text_of_moment
from shared.reading.detection.headers import may_be_names
from shared.reading.excel.parts import MAX_ROWS

#: The maximum in Excel.
_MAX_COLUMNS = 16_384
#: The maximum number of rows above a header, such as a title and notes.
_PREAMBLE_ROWS = 20
#: A table that a blank row separates from the rows above it has at least this many times as many rows.
_MIN_ROWS_PER_NOTE = 2
#: The number of rows that tell which columns usually have a value; a preamble line may fill a table of so few columns.
_FIRST_ROWS = 64
_MIN_USUAL_ROWS = 3
#: The rows per step: there may be very many empty ones, which should not take one step each.
_ROWS_AT_ONCE = 16
_ERROR = "e"
#: ECMA-376, part 1, 22.9.2.19. In a literal text of this form the underscore is escaped: _x005F_x000D_.
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class SheetRow(NamedTuple):
    """A row of the sheet with at least one value."""

    number: int
    texts: list[str]
    #: Positions of the cells that show an error, such as #N/A.
    errors: list[int]

    @property
    def filled(self) -> list[int]:
        """Positions of the cells with a value."""
        return [position for position, text in enumerate(self.texts) if text]


def first_table(
    sheets: Sequence[Any], *, skip_lines: int | None = None, expected: Collection[str] = ()
) -> tuple[Sequence[SheetRow], SheetRow, Iterator[SheetRow]]:
    """Return the rows above the header, the header and the rest, of the first sheet with a value or expected names.

    Raises FileRefused if all sheets are empty, or several have all expected names.
    """
    found = (table for sheet in sheets if (table := _begin(sheet, skip_lines, expected)) is not None)
    # Without expected names, further sheets are irrelevant.
    tables = list(found if expected else islice(found, 1))
    if not tables:
        raise FileRefused("blank-header", "no visible sheet of the workbook has a value; expected a header and rows")
    complete = [table for table in tables if table.names == len(set(expected))]
    if len(complete) > 1:
        titles = " and ".join(repr(table.title) for table in complete)
        message = f"the sheets {titles} have the columns of the dataset; select one with sheet = … in its"
        raise FileRefused("format-error", f"{message} [read] table of inflow.toml, or send them separately")
    best = max(tables, key=lambda table: table.names)
    above, header, below = best.rows[: best.place], best.rows[best.place], best.rows[best.place + 1 :]
    return [*best.above, *above], header, chain(below, best.further)


class _Table(NamedTuple):
    """The beginning of a sheet's table."""

    title: str
    place: int
    #: The number of expected names in its header.
    names: int
    above: list[SheetRow]
    rows: list[SheetRow]
    further: Iterator[SheetRow]


def _begin(sheet: Any, skip_lines: int | None, expected: Collection[str]) -> _Table | None:
    """Find the header in the first rows; return None if the sheet is empty."""
    further = _filled_rows(sheet)
    above: list[SheetRow] = []
    if skip_lines is not None:
        above, further = _split(further, skip_lines)
    rows = list(islice(further, _FIRST_ROWS))
    if not rows:
        return None
    counts = [len(set(expected).intersection(map(str.strip, row.texts))) for row in rows]
    most = max(counts)
    if not most:
        place = 0 if skip_lines is not None else _place_of_header(rows)
        return _Table(sheet.title, place, 0, above, rows, further)
    return _Table(sheet.title, counts.index(most), most, above, rows, further)


def _split(rows: Iterator[SheetRow], number: int) -> tuple[list[SheetRow], Iterator[SheetRow]]:
    """Return the rows up to the one with this number, and those after it."""
    above: list[SheetRow] = []
    for row in rows:
        if row.number > number:
            return above, chain([row], rows)
        above.append(row)
    return above, rows


def _place_of_header(rows: Sequence[SheetRow]) -> int:
    """Find the names of a table that a blank row separates from notes above it, else those in all of the first rows."""
    begins = [place for place, row in enumerate(rows) if not place or row.number > rows[place - 1].number + 1]
    blocks = [(begin, rows[begin:end]) for begin, end in zip(begins, [*begins[1:], len(rows)], strict=True)]
    begin, longest = max(blocks, key=lambda block: len(block[1]))
    is_below_notes = 0 < begin < _PREAMBLE_ROWS and _MIN_ROWS_PER_NOTE * begin <= len(longest)
    if is_below_notes and len(longest[0].filled) > 1 and _are_names(longest[0], longest[1:]):
        return begin
    return _place_in_block(rows)


def _place_in_block(rows: Sequence[SheetRow]) -> int:
    """Find the first row with more than one value, or a later one with names for all usual columns, or all but one."""
    wide = [place for place, row in enumerate(rows[:_PREAMBLE_ROWS]) if len(row.filled) > 1]
    counts = Counter(column for row in rows for column in row.filled)
    usual = {column for column, count in counts.items() if count > len(rows) / 2}
    full = next((place for place in wide if len(usual.difference(rows[place].filled)) <= 1), None)
    if full is not None and len(usual) > _MIN_USUAL_ROWS and _are_names(rows[full], rows[full + 1 :]):
        return full
    if wide and wide[0] and _names_last(rows[wide[0] - 1], rows[wide[0]]):
        return wide[0] - 1
    return wide[0] if wide else 0


def _names_last(row: SheetRow, below: SheetRow) -> bool:
    """Whether a row has a name only for the last column of the first row of values, as with row numbers."""
    is_above = row.number + 1 == below.number and row.filled == below.filled[-1:]
    return is_above and _are_names(row, [below])


def _are_names(row: SheetRow, below: Sequence[SheetRow]) -> bool:
    """Whether a row has neither numbers nor dates, while some rows below have: it is not one of them."""
    return may_be_names(row.texts) and not all(may_be_names(each.texts) for each in below)


def _filled_rows(sheet: Any) -> Iterator[SheetRow]:
    for number, cells in enumerate(_rows(sheet), start=1):
        if number > MAX_ROWS or len(cells) > _MAX_COLUMNS:
            raise FileRefused("format-error", f"the sheet has more than {MAX_ROWS} rows or {_MAX_COLUMNS} columns")
        texts = [_text(cell.value) for cell in cells]
        if any(texts):
            errors = [position for position, cell in enumerate(cells) if cell.data_type == _ERROR]
            yield SheetRow(number, texts, errors)


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    # The size in a sheet may be wrong in either direction: rows would be lost, or millions of them invented.
    sheet.reset_dimensions()
    rows = iter(sheet.iter_rows())
    while batch := _next_rows(rows):
        yield from batch


def _next_rows(rows: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    with refusing_damage():
        return list(islice(rows, _ROWS_AT_ONCE))


def _text(value: object) -> str:
    if isinstance(value, str):
        return _unescaped(value) if "_x" in value else value
    return text_of_moment(value) if isinstance(value, datetime) else text_of(value)


def _unescaped(text: str) -> str:
    """Decode the characters that XML can't contain, each written as _xHHHH_, or as a pair of these beyond U+FFFF."""
    characters = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return characters.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Suppress openpyxl's warnings, and convert its errors: for a damaged workbook it raises nearly anything."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (FileRefused, MemoryError):
        raise
    except Exception as error:
        # Only a disk error has a number: openpyxl also raises OSError for a workbook with missing parts.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise FileRefused("format-error", f"{_damage(error)}; save it again as .xlsx, or as CSV") from error


def _damage(error: Exception) -> str:
    if isinstance(error, DefusedXmlException) or isinstance(error.__cause__, DefusedXmlException):
        return "the workbook defines XML entities, which no spreadsheet program does"
    reason = str(error).partition("\n")[0]
    return f"the file is damaged or is not a workbook ({type(error).__name__}: {reason})"
