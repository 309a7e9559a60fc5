"""The rows of one sheet, and where its table begins."""

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

#: What Excel itself allows.
_MAX_COLUMNS = 16_384
#: Above a header there may be so many rows of a title, notes and the like.
_PREAMBLE_ROWS = 20
#: A table that a blank row sets apart from what is above it has so many times as many rows.
_MIN_ROWS_PER_NOTE = 2
#: So many rows say which columns usually have a value; of so few columns a line of a preamble may fill each.
_FIRST_ROWS = 64
_MIN_USUAL_ROWS = 3
#: Empty ones, of which there may be very many, should not cost one step each.
_ROWS_AT_ONCE = 16
_ERROR = "e"
#: ECMA-376, part 1, 22.9.2.19. The underscore itself is escaped where such a text is meant: _x005F_x000D_.
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
    """Return the rows above the header of the first sheet with a value, or with expected names; it, and those below.

    FileRefused where all sheets are empty, or several have all of the expected names.
    """
    found = (table for sheet in sheets if (table := _begin(sheet, skip_lines, expected)) is not None)
    # Without names to look for, nothing of the further sheets counts.
    tables = list(found if expected else islice(found, 1))
    if not tables:
        raise FileRefused("blank-header", "no visible sheet of the workbook has a value; expected a header and rows")
    complete = [table for table in tables if table.names == len(set(expected))]
    if len(complete) > 1:
        titles = " and ".join(repr(table.title) for table in complete)
        message = f"the sheets {titles} have the columns of the dataset; say which one is meant by sheet = … in its"
        raise FileRefused("format-error", f"{message} [read] table of inflow.toml, or send them apart")
    best = max(tables, key=lambda table: table.names)
    above, header, below = best.rows[: best.place], best.rows[best.place], best.rows[best.place + 1 :]
    return [*best.above, *above], header, chain(below, best.further)


class _Table(NamedTuple):
    """Where the table of a sheet begins."""

    title: str
    place: int
    #: How many of the expected names its header has.
    names: int
    above: list[SheetRow]
    rows: list[SheetRow]
    further: Iterator[SheetRow]


def _begin(sheet: Any, skip_lines: int | None, expected: Collection[str]) -> _Table | None:
    """Find the header in the first rows; None where the sheet is empty."""
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
    """Return the rows up to the one with this number, and those behind it."""
    above: list[SheetRow] = []
    for row in rows:
        if row.number > number:
            return above, chain([row], rows)
        above.append(row)
    return above, rows


def _place_of_header(rows: Sequence[SheetRow]) -> int:
    """Find the names of a table that a blank row sets apart from notes above it, else of the first rows as a whole."""
    begins = [place for place, row in enumerate(rows) if not place or row.number > rows[place - 1].number + 1]
    blocks = [(begin, rows[begin:end]) for begin, end in zip(begins, [*begins[1:], len(rows)], strict=True)]
    begin, longest = max(blocks, key=lambda block: len(block[1]))
    is_below_notes = 0 < begin < _PREAMBLE_ROWS and _MIN_ROWS_PER_NOTE * begin <= len(longest)
    if is_below_notes and len(longest[0].filled) > 1 and _are_names(longest[0], longest[1:]):
        return begin
    return _place_in_block(rows)


def _place_in_block(rows: Sequence[SheetRow]) -> int:
    """Find the first row with more than one value, or further down the names for all usual columns, or all but one."""
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
    """Whether a row has a name for the last column of the first row of values alone, as beside row numbers."""
    is_above = row.number + 1 == below.number and row.filled == below.filled[-1:]
    return is_above and _are_names(row, [below])


def _are_names(row: SheetRow, below: Sequence[SheetRow]) -> bool:
    """Whether a row has no value that is a number or a date, while some below have: it is none of them."""
    return may_be_names(row.texts) and not all(may_be_names(each.texts) for each in below)


def _filled_rows(sheet: Any) -> Iterator[SheetRow]:
    for number, cells in enumerate(_rows(sheet), start=1):
        if number > MAX_ROWS or len(cells) > _MAX_COLUMNS:
            raise FileRefused("format-error", f"the sheet goes beyond {MAX_ROWS} rows or {_MAX_COLUMNS} columns")
        texts = [_text(cell.value) for cell in cells]
        if any(texts):
            errors = [position for position, cell in enumerate(cells) if cell.data_type == _ERROR]
            yield SheetRow(number, texts, errors)


def _rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    # The size that a sheet states is wrong in either direction: rows would be lost, or millions made up.
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
    """Return a text with the characters that XML can't have, each written as _xHHHH_: in pairs beyond U+FFFF."""
    characters = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return characters.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Keep openpyxl's warnings to ourselves, and its errors: a damaged workbook makes it raise nearly anything."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (FileRefused, MemoryError):
        raise
    except Exception as error:
        # Only an error of the disk has a number: openpyxl raises OSError for a workbook without its parts, too.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise FileRefused("format-error", f"{_damage(error)}; save it again as .xlsx, or as CSV") from error


def _damage(error: Exception) -> str:
    if isinstance(error, DefusedXmlException) or isinstance(error.__cause__, DefusedXmlException):
        return "the workbook defines XML entities, which no spreadsheet program does"
    reason = str(error).partition("\n")[0]
    return f"the file is damaged or is not a workbook ({type(error).__name__}: {reason})"
