"""Reads CSV (RFC 4180) as records, each with the physical line on which it begins."""

import csv
import io
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.messages import UnreadableRow
from shared.reader.blocks import LONGEST_ROW_BYTES, Lines, Readable, RowTooLarge
from shared.reader.sources import Record

if TYPE_CHECKING:
    import _csv


_EXCERPT_CHARACTERS = 1000
#: How much of a file is read at a time.
_BLOCK_BYTES = 256 * 1024


class RecordReader:
    """Iterates over the records of one file; blank lines are none. A record that can't be read is an UnreadableRow.

    The reader is strict: text after a closing quote, or a quote that is never closed, is a fault of that row alone,
    and reading goes on with the next line.
    """

    def __init__(
        self,
        file: Readable,
        *,
        block_bytes: int = _BLOCK_BYTES,
        longest_row_bytes: int = LONGEST_ROW_BYTES,
        skips_mark: bool = True,
    ) -> None:
        self._lines = Lines(file, block_bytes=block_bytes, longest_row_bytes=longest_row_bytes, skips_mark=skips_mark)
        self._lines_before = 0
        self._begin = 1
        self._reader = self._new_reader()

    @property
    def bytes_read(self) -> int:
        """How many bytes the records up to here have."""
        return self._lines.bytes_read

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read to the end of the file."""
        while True:
            try:
                yield from self._good_records()
                return
            except RowTooLarge as error:
                yield self._unreadable("row-too-large", str(error), self._lines.row_text[:_EXCERPT_CHARACTERS])
                # The line that went over the limit came from the file, but not to this reader.
                self._lines_before += self._reader.line_num + 1
                self._reader = self._new_reader()
            except csv.Error as error:
                yield self._unreadable("dialect-error", _plain(error), self._lines.row_text)

    def _good_records(self) -> Iterator[Record]:
        lines, reader, before = self._lines, self._reader, self._lines_before
        self._begin = before + reader.line_num + 1
        for cells in reader:
            lines.end_row()
            begin, self._begin = self._begin, before + reader.line_num + 1
            if cells:
                yield begin, cells

    def _unreadable(self, code: str, message: str, raw: str) -> UnreadableRow:
        self._lines.end_row()
        return UnreadableRow(line=self._begin, code=code, message=message, raw=raw)

    def _new_reader(self) -> "_csv.Reader":
        _let_fields_be_long()
        return csv.reader(iter(self._lines), strict=True)


def read_record(text: str) -> list[str]:
    """Read one record from a text, leniently: what is wrong with its quotes is taken as it stands."""
    _let_fields_be_long()
    return next(csv.reader(io.StringIO(text, newline="")), [])


def _let_fields_be_long() -> None:
    """Lift the limit of 131,072 characters that the csv module has; a row has its own."""
    csv.field_size_limit(sys.maxsize)


def _plain(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote is opened and never closed"
    if "expected after" in text:
        return "there is text after a closing quote; a quote inside a quoted value is written twice"
    return text
