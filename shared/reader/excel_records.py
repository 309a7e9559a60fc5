"""Reads a sheet of an .xlsx workbook. Importing this module takes a while: only who reads such files should."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from typing import IO, Any, NamedTuple

import openpyxl
from defusedxml import DefusedXmlException
from openpyxl.utils import get_column_letter

from shared.errors import FileRefused
from shared.messages import UnreadableRow
from shared.reader.cell_text import checked, size_of, text_of, text_of_moment
from shared.reader.excel_parts import check_parts
from shared.reader.expansion import Expansion
from shared.reader.magic import OLE_MAGIC
from shared.reader.sources import Record
from shared.rows import as_csv

#: What Excel itself allows.
_MOST_ROWS = 1_048_576
_MOST_COLUMNS = 16_384
#: Above a header there may be so many rows of a title, notes and the like.
_PREAMBLE_ROWS = 20
_ERROR = "e"


class _Row(NamedTuple):
    """A row of the sheet with at least one value."""

    number: int
    texts: list[str]
    #: Positions of the cells that show an error, such as #N/A.
    errors: list[int]

    @property
    def filled(self) -> list[int]:
        return [position for position, text in enumerate(self.texts) if text]


class ExcelRecords:
    """The rows of the named sheet, or of the first visible one with content; a record's line is its row in the sheet.

    The header is the first row with more than one value, as those above it are titles and notes; where there is no
    such row soon, the first one with a value. Values outside of its columns make a row unreadable. Formulas count with
    their last results; macros and links to other files are never followed.
    """

    def __init__(self, file: IO[bytes], expansion: Expansion, sheet: str | None = None) -> None:
        _refuse_ole(file)
        check_parts(file, expansion)
        self._expansion = expansion
        self._bytes_read = 0
        with _refusing_damage():
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        header, self._rows = _first_table(_sheets(book, sheet))
        self._begin, self._end = header.filled[0], header.filled[-1] + 1
        self._header = header.texts[self._begin : self._end]

    @property
    def header(self) -> list[str]:
        """The texts of the header, from its first to its last one."""
        return self._header

    @property
    def bytes_read(self) -> int:
        """How many bytes the rows up to here would have as text."""
        return self._bytes_read

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read the rows below the header; those without any value are none."""
        for row in self._rows:
            size_bytes = max(size_of(row.texts), len(self._header))
            self._bytes_read += size_bytes
            self._expansion.give_out(size_bytes)
            yield self._fault(row) or checked(row.number, self._cells(row))

    def _cells(self, row: _Row) -> list[str]:
        cells = row.texts[self._begin : self._end]
        return cells + [""] * (len(self._header) - len(cells))

    def _fault(self, row: _Row) -> UnreadableRow | None:
        outside = next((at for at in row.filled if not self._begin <= at < self._end), None)
        if outside is not None:
            message = f"the row has {row.texts[outside][:80]!r} in column {_letter(outside)}, which has no header"
            return UnreadableRow(line=row.number, code="extra-cell", message=message, raw=as_csv(self._cells(row)))
        if row.errors:
            name = self._header[row.errors[0] - self._begin]
            message = f"{name}: the cell shows the error {row.texts[row.errors[0]]}; expected a value"
            return UnreadableRow(line=row.number, code="type-error", message=message, raw=as_csv(self._cells(row)))
        return None


def _refuse_ole(file: IO[bytes]) -> None:
    file.seek(0)
    if file.read(len(OLE_MAGIC)) == OLE_MAGIC:
        raise FileRefused(
            "format-error", "the file is an old .xls or has a password; save it as .xlsx without password, or as CSV"
        )


def _sheets(book: Any, name: str | None) -> list[Any]:
    if name is None:
        return [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    named = [sheet for sheet in book.worksheets if sheet.title == name]
    if not named:
        found = ", ".join(repr(sheet.title) for sheet in book.worksheets)
        raise FileRefused("format-error", f"the workbook has no sheet {name!r}; found: {found}")
    return named


def _first_table(sheets: Sequence[Any]) -> tuple[_Row, Iterator[_Row]]:
    for sheet in sheets:
        rows = _filled_rows(sheet)
        above: list[_Row] = []
        for row in islice(rows, _PREAMBLE_ROWS):
            if len(row.filled) > 1:
                return row, rows
            above.append(row)
        if above:
            return above[0], chain(above[1:], rows)
    raise FileRefused("blank-header", "no visible sheet of the workbook has a value; expected a header and rows")


def _filled_rows(sheet: Any) -> Iterator[_Row]:
    # The size that a sheet states is wrong in either direction: rows would be lost, or millions made up.
    sheet.reset_dimensions()
    number = 0
    cells_of_rows = iter(sheet.iter_rows())
    while (cells := _next_row(cells_of_rows)) is not None:
        number += 1
        if number > _MOST_ROWS or len(cells) > _MOST_COLUMNS:
            raise FileRefused("format-error", f"the sheet goes beyond {_MOST_ROWS} rows or {_MOST_COLUMNS} columns")
        texts = [_text(cell.value) for cell in cells]
        if any(texts):
            errors = [position for position, cell in enumerate(cells) if cell.data_type == _ERROR]
            yield _Row(number, texts, errors)


def _next_row(rows: Iterator[tuple[Any, ...]]) -> tuple[Any, ...] | None:
    with _refusing_damage():
        return next(rows, None)


def _text(value: object) -> str:
    return text_of_moment(value) if isinstance(value, datetime) else text_of(value)


def _letter(position: int) -> str:
    return str(get_column_letter(position + 1))


@contextmanager
def _refusing_damage() -> Iterator[None]:
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
