"""Reads a sheet of an .xlsx workbook. Importing this module is slow."""

from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from typing import IO, Any

import openpyxl
from openpyxl.utils import get_column_letter

from shared.model.errors import FileRefused
from shared.model.rows import as_csv
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.cell_text import checked, size_of
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.containers.office_files import check_is_workbook, refuse_ole
from shared.reading.excel.parts import check_parts
from shared.reading.excel.sheet import SheetRow, first_table, refusing_damage
from shared.reading.line_account import LineReason, SkippedLines
from shared.reading.sources import Record

#: The number of rows that determine the columns.
_FIRST_ROWS = 16


class ExcelRecords:
    """The rows of the named sheet, or of the first visible sheet with a value; a record's line is its row in the sheet.

    The header is the row with the most expected names, in the sheet that has most of them. Without expected names, it
    is the first row below `skip_lines` if that is fixed; else the first row with names for the usual columns; else the
    first row with more than one value, because those above it are titles and notes; else, if there is no such row near
    the top, the first row with a value. On its left there may be columns without a name, such as row numbers. Values
    outside its columns make a row unreadable. Formulas have their last results; macros and links to other files are
    never followed.
    """

    def __init__(
        self,
        file: IO[bytes],
        limit: DecompressionLimit,
        sheet: str | None = None,
        *,
        skip_lines: int | None = None,
        expected: Collection[str] = (),
        declared: Collection[str] | None = None,
    ) -> None:
        """`declared` are the names of the columns in which an error rejects the row; None: all."""
        refuse_ole(file)
        check_parts(file, limit)
        self._limit = limit
        self._bytes_read = 0
        with refusing_damage():
            check_is_workbook(file)
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        above, header, rows = first_table(_sheets(book, sheet), skip_lines=skip_lines, expected=expected)
        first = list(islice(rows, _FIRST_ROWS))
        self._rows = chain(first, rows)
        self._begin, self._end = _begin_of(header, first), header.filled[-1] + 1
        self._header = header.texts[self._begin : self._end]
        self._lines_read = 0
        self._skipped = SkippedLines()
        for row in above:
            self._skip(row, "preamble")
        self._skip(header, "header")
        names = enumerate(self._header, start=self._begin)
        self._asked_for = {at for at, name in names if declared is None or name.strip() in declared}

    @property
    def header(self) -> list[str]:
        """The texts of the header, from the first to the last one."""
        return self._header

    @property
    def bytes_read(self) -> int:
        """The size that the rows read so far would have as text."""
        return self._bytes_read

    @property
    def lines_read(self) -> int:
        """The number of rows of the sheet read so far."""
        return self._lines_read

    @property
    def skipped(self) -> SkippedLines:
        """Those of the sheet's rows that are not rows of the table."""
        return self._skipped

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read the rows below the header, without those that have no value."""
        for row in self._rows:
            self._advance_to(row)
            size_bytes = max(size_of(row.texts), len(self._header))
            self._bytes_read += size_bytes
            self._limit.add_output(size_bytes)
            yield self._fault(row) or checked(row.number, self._cells(row))

    def _skip(self, row: SheetRow, reason: LineReason) -> None:
        self._advance_to(row)
        self._skipped.add(row.number, reason, as_csv(row.texts))

    def _advance_to(self, row: SheetRow) -> None:
        """Advance to a row; those before it have no value."""
        if (blank := row.number - self._lines_read - 1) > 0:
            self._skipped.add(self._lines_read + 1, "blank", line_count=blank)
        self._lines_read = row.number

    def _cells(self, row: SheetRow) -> list[str]:
        cells = row.texts[self._begin : self._end]
        return cells + [""] * (len(self._header) - len(cells))

    def _fault(self, row: SheetRow) -> UnreadableRow | None:
        outside = next((at for at in row.filled if not self._begin <= at < self._end), None)
        if outside is not None:
            message = f"the row has {row.texts[outside][:80]!r} in column {_letter(outside)}, which has no header"
            return UnreadableRow(line=row.number, code="extra-cell", message=message, raw=as_csv(self._cells(row)))
        error = next((at for at in row.errors if at in self._asked_for), None)
        if error is not None:
            name = self._header[error - self._begin]
            message = f"{name}: the cell shows the error {row.texts[error]}; expected a value"
            return UnreadableRow(line=row.number, code="type-error", message=message, raw=as_csv(self._cells(row)))
        return None


def _sheets(book: Any, name: str | None) -> list[Any]:
    if name is None:
        return [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    named = [sheet for sheet in book.worksheets if sheet.title == name]
    if not named:
        found = ", ".join(repr(sheet.title) for sheet in book.worksheets)
        raise FileRefused("format-error", f"the workbook has no sheet {name!r}; found: {found}")
    return named


def _begin_of(header: SheetRow, first: Sequence[SheetRow]) -> int:
    """Return the first column; columns before the first name count only if all of the first rows have a value there."""
    begin = header.filled[0]
    while first and begin and all(begin - 1 in row.filled for row in first):
        begin -= 1
    return begin


def _letter(position: int) -> str:
    return str(get_column_letter(position + 1))
