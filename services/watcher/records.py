"""Reads CSV (RFC 4180) as records, each with the physical line on which it begins."""

import csv
from collections.abc import Iterator
from itertools import chain
from typing import IO, TYPE_CHECKING

from services.watcher.blocks import LONGEST_ROW_BYTES, LineBlocks, RowTooLarge
from shared.messages import UnreadableRow

if TYPE_CHECKING:
    import _csv

Record = tuple[int, list[str]]


class RecordReader:
    """Iterates over the records of one file; blank lines are none. A record that can't be read is an UnreadableRow.

    The reader is strict: text after a closing quote, or a quote that is never closed, is a fault of that row alone,
    and reading goes on with the next line.
    """

    def __init__(self, file: IO[bytes], *, block_bytes: int) -> None:
        csv.field_size_limit(LONGEST_ROW_BYTES)
        self._blocks = LineBlocks(file, block_bytes=block_bytes)
        self._lines_before = 0
        self._begin = 1
        self._reader = self._new_reader()

    @property
    def blocks_read(self) -> int:
        """How many blocks of the file were needed so far."""
        return self._blocks.blocks_read

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read to the end of the file."""
        while True:
            try:
                yield from self._good_records()
                return
            except RowTooLarge as error:
                yield UnreadableRow(line=self._begin, code="row-too-large", message=str(error), raw=error.excerpt)
                self._lines_before += self._reader.line_num + error.skipped_lines
                self._reader = self._new_reader()
            except csv.Error as error:
                yield UnreadableRow(line=self._begin, code="dialect-error", message=_plain(error), raw="")

    def _good_records(self) -> Iterator[Record]:
        blocks, reader, before = self._blocks, self._reader, self._lines_before
        self._begin = before + reader.line_num + 1
        for cells in reader:
            blocks.bytes_since_row = 0
            begin, self._begin = self._begin, before + reader.line_num + 1
            if cells:
                yield begin, cells

    def _new_reader(self) -> "_csv.Reader":
        return csv.reader(chain.from_iterable(self._blocks), strict=True)


def _plain(error: csv.Error) -> str:
    text = str(error)
    if "unexpected end of data" in text:
        return "a quote is opened and never closed"
    if "expected after" in text:
        return "there is text after a closing quote; a quote inside a quoted value is written twice"
    if "field larger" in text:
        return f"a value is longer than {LONGEST_ROW_BYTES} bytes; perhaps a quote is never closed"
    return text
