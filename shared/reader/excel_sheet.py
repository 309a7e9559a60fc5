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
    # The size that a sheet states is wrong in either direction: rows would be lost, or millions made up.
    sheet.reset_dimensions()
    number = 0
    cells_of_rows = iter(sheet.iter_rows())
    while (cells := _next_row(cells_of_rows)) is not None:
        number += 1
        if number > MOST_ROWS or len(cells) > _MOST_COLUMNS:
            raise FileRefused("format-error", f"the sheet goes beyond {MOST_ROWS} rows or {_MOST_COLUMNS} columns")
        texts = [_text(cell.value) for cell in cells]
        if any(texts):
            errors = [position for position, cell in enumerate(cells) if cell.data_type == _ERROR]
            yield SheetRow(number, texts, errors)


def _next_row(rows: Iterator[tuple[Any, ...]]) -> tuple[Any, ...] | None:
    with refusing_damage():
        return next(rows, None)


def _text(value: object) -> str:
    return text_of_moment(value) if isinstance(value, datetime) else text_of(value)


@contextmanager
def refusing_damage() -> Iterator[None]:
    """Keep openpyxl's warnings to ourselves, and its errors: a damaged workbook makes it raise nearly anything."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DefusedXmlException as error:
        message = "the workbook defines XML entities, which no spreadsheet program writes; save it anew"
        raise FileRefused("format-error", message) from error
    except (FileRefused, OSError, MemoryError):
        raise
    except Exception as error:
        message = f"the workbook is damaged or none ({type(error).__name__}: {error}); save it as .xlsx anew, or as CSV"
        raise FileRefused("format-error", message) from error
