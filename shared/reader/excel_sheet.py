"""The rows of one sheet, and where its table begins."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from typing import Any, NamedTuple

from defusedxml import DefusedXmlException

from shared.errors import FileRefused
from shared.reader.cell_text import text_of, text_of_moment
from shared.reader.excel_parts import MOST_ROWS

#: What Excel itself allows.
_MOST_COLUMNS = 16_384
#: Above a header there may be so many rows of a title, notes and the like.
_PREAMBLE_ROWS = 20
#: Empty ones, of which there may be very many, should not cost one step each.
_ROWS_AT_ONCE = 16
_ERROR = "e"


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


def first_table(sheets: Sequence[Any]) -> tuple[SheetRow, Iterator[SheetRow]]:
    """Return the header of the first sheet with a value, and the rows below. FileRefused where all are empty."""
    for sheet in sheets:
        rows = _filled_rows(sheet)
        above: list[SheetRow] = []
        for row in islice(rows, _PREAMBLE_ROWS):
            if len(row.filled) > 1:
                return row, rows
            above.append(row)
        if above:
            return above[0], chain(above[1:], rows)
    raise FileRefused("blank-header", "no visible sheet of the workbook has a value; expected a header and rows")


def _filled_rows(sheet: Any) -> Iterator[SheetRow]:
    for number, cells in enumerate(_rows(sheet), start=1):
        if number > MOST_ROWS or len(cells) > _MOST_COLUMNS:
            raise FileRefused("format-error", f"the sheet goes beyond {MOST_ROWS} rows or {_MOST_COLUMNS} columns")
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
    return text_of_moment(value) if isinstance(value, datetime) else text_of(value)


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Keep openpyxl's warnings to ourselves, and its errors: a damaged workbook makes it raise nearly anything."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (FileRefused, OSError, MemoryError):
        raise
    except Exception as error:
        raise FileRefused("format-error", f"{_damage(error)}; save it as .xlsx anew, or as CSV") from error


def _damage(error: Exception) -> str:
    if isinstance(error, DefusedXmlException) or isinstance(error.__cause__, DefusedXmlException):
        return "the workbook defines XML entities, which no spreadsheet program does"
    reason = str(error).partition("\n")[0]
    return f"the workbook is damaged, or is none ({type(error).__name__}: {reason})"
