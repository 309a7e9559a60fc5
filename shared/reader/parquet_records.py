"""Reads Parquet, a small batch of rows at a time. Importing this module takes a while."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa
from pyarrow import parquet

from shared.errors import FileRefused
from shared.messages.unreadable_rows import UnreadableRow
from shared.reader.arrow_text import texts_of
from shared.reader.blocks import LONGEST_ROW_BYTES
from shared.reader.cell_text import checked, size_of
from shared.reader.expansion import Expansion
from shared.reader.line_account import SkippedLines
from shared.reader.sources import Record

_MAGIC = b"PAR1"
_BATCH_ROWS = 1000
_BATCH_BYTES = 16 << 20
_BUFFER_BYTES = 1 << 20


class ParquetRecords:
    """The rows of a Parquet file as text, numbered from 1; a nested value is its JSON text.

    Texts stay in their dictionaries until a row is given out: a file of kilobytes may repeat a long one a million
    times. The library's own memory is bounded by the file's largest page, and a row by its lists.
    """

    def __init__(self, file: IO[bytes], expansion: Expansion) -> None:
        expansion.take_in(_checked_size_bytes(file))
        with _refusing_damage():
            self._file = parquet.ParquetFile(
                file,
                read_dictionary=_text_columns(file),
                pre_buffer=False,
                buffer_size=_BUFFER_BYTES,
                page_checksum_verification=True,
            )
            self._header = [str(name) for name in self._file.schema_arrow.names]
        if not self._header:
            raise FileRefused("blank-header", "the Parquet file has no columns")
        expansion.give_out(_pages_bytes(self._file.metadata))
        self._expansion = expansion
        self._batch_rows = _rows_of_batch(self._file.schema)
        self._bytes_read = 0
        self._row_count = 0
        self._skipped = SkippedLines()

    @property
    def header(self) -> list[str]:
        """The names of the columns, without those inside of nested ones."""
        return self._header

    @property
    def bytes_read(self) -> int:
        """How many bytes the rows up to here would have as text."""
        return self._bytes_read

    @property
    def lines_read(self) -> int:
        """How many rows were read up to here."""
        return self._row_count

    @property
    def skipped(self) -> SkippedLines:
        """None: each row of the file is one of the table."""
        return self._skipped

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read all rows."""
        for columns in self._batches():
            for cells in zip(*columns, strict=True):
                self._row_count += 1
                size_bytes = size_of(cells)
                self._bytes_read += size_bytes
                self._expansion.give_out(size_bytes)
                yield checked(self._row_count, list(cells))

    def _batches(self) -> Iterator[list[list[str]]]:
        batches = self._file.iter_batches(batch_size=self._batch_rows)
        while True:
            with _refusing_damage():
                batch = next(batches, None)
                columns = [] if batch is None else [texts_of(column) for column in batch.columns]
            if batch is None:
                return
            yield columns


def _checked_size_bytes(file: IO[bytes]) -> int:
    size_bytes = file.seek(0, io.SEEK_END)
    file.seek(max(0, size_bytes - len(_MAGIC)))
    end = file.read(len(_MAGIC))
    file.seek(0)
    if end == b"PARE":
        raise FileRefused("format-error", "the Parquet file is encrypted; send it without encryption")
    if end != _MAGIC or size_bytes < 2 * len(_MAGIC):
        raise FileRefused("truncated-file", "the Parquet file breaks off: its end is missing; send it again")
    return size_bytes


def _text_columns(file: IO[bytes]) -> list[str]:
    schema = parquet.ParquetFile(file, pre_buffer=False).schema
    columns = (schema.column(position) for position in range(len(schema)))
    return [column.path for column in columns if column.physical_type == "BYTE_ARRAY"]


def _pages_bytes(metadata: Any) -> int:
    groups = (metadata.row_group(position) for position in range(metadata.num_row_groups))
    return sum((int(group.total_byte_size) for group in groups), start=0)


def _rows_of_batch(schema: Any) -> int:
    width_bytes: int = sum(max(8, schema.column(position).length) for position in range(len(schema)))
    if width_bytes > LONGEST_ROW_BYTES:
        raise FileRefused(
            "row-too-large", f"each row of the Parquet file takes {width_bytes} bytes; expected {LONGEST_ROW_BYTES}"
        )
    return min(_BATCH_ROWS, _BATCH_BYTES // width_bytes)


@contextmanager
def _refusing_damage() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, ValueError, OverflowError, OSError) as error:
        raise FileRefused("format-error", f"the Parquet file is damaged or odd: {error}; write it anew") from error
