"""Reads Parquet, in small batches of rows. Importing this module is slow."""

import io
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import pyarrow as pa
from pyarrow import parquet

from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import MAX_ROW_BYTES
from shared.reading.cell_text import checked, size_of
from shared.reading.containers.decompression_limit import DecompressionLimit
from shared.reading.line_account import SkippedLines
from shared.reading.parquet.arrow_text import texts_of
from shared.reading.sources import Record

_MAGIC = b"PAR1"
_BATCH_ROWS = 1000
_BATCH_BYTES = 16 << 20
_MAX_REPEATED_BYTES = 32 << 20
_BUFFER_BYTES = 1 << 20
_DICTIONARIES = frozenset(("PLAIN_DICTIONARY", "RLE_DICTIONARY"))
#: Encodings that the library does not read into a dictionary; the first one repeats the prefix of the text before.
_REPEATING = "DELTA_BYTE_ARRAY"
_DELTAS = frozenset((_REPEATING, "DELTA_LENGTH_BYTE_ARRAY"))


class ParquetRecords:
    """The rows of a Parquet file as text, numbered from 1; a nested value is its JSON text.

    Texts stay in their dictionaries until a row is yielded: a file of kilobytes may repeat a long text a million times.
    The library's own memory is bounded by the file's largest page, and a row by its lists.
    """

    def __init__(self, file: IO[bytes], limit: DecompressionLimit) -> None:
        limit.add_input(_checked_size_bytes(file))
        with _refusing_damage():
            metadata = _checked_metadata(file)
            self._batch_rows = _rows_of_batch(metadata)
            self._file = _opened(file, metadata)
            self._coarse = _opened(file, metadata, coerce_int96_timestamp_unit="ms")
            self._header = [str(name) for name in self._file.schema_arrow.names]
        if not self._header:
            raise FileRefused("blank-header", "the Parquet file has no columns")
        limit.add_output(_pages_bytes(metadata))
        self._limit = limit
        self._bytes_read = 0
        self._row_count = 0
        self._skipped = SkippedLines()

    @property
    def header(self) -> list[str]:
        """The names of the top-level columns."""
        return self._header

    @property
    def bytes_read(self) -> int:
        """The size that the rows read so far would have as text."""
        return self._bytes_read

    @property
    def lines_read(self) -> int:
        """The number of rows read so far."""
        return self._row_count

    @property
    def skipped(self) -> SkippedLines:
        """Empty: each row of the file is a row of the table."""
        return self._skipped

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read all rows."""
        for columns in self._batches():
            for cells in zip(*columns, strict=True):
                self._row_count += 1
                size_bytes = size_of(cells)
                self._bytes_read += size_bytes
                self._limit.add_output(size_bytes)
                yield checked(self._row_count, list(cells))

    def _batches(self) -> Iterator[list[list[str]]]:
        batches = self._file.iter_batches(batch_size=self._batch_rows)
        coarse_batches = self._coarse_batches()
        while True:
            with _refusing_damage():
                batch = next(batches, None)
                coarse = next(coarse_batches, {})
                columns = [] if batch is None else _texts(batch, coarse)
            if batch is None:
                return
            yield columns

    def _coarse_batches(self) -> Iterator[dict[str, pa.Array]]:
        """Yield the columns with timestamps of the type INT96 again, in milliseconds."""
        fine, coarse = self._file.schema_arrow, self._coarse.schema_arrow
        names = [field.name for field, other in zip(fine, coarse, strict=True) if field.type != other.type]
        if names:
            for batch in self._coarse.iter_batches(batch_size=self._batch_rows, columns=names):
                yield dict(zip(batch.schema.names, batch.columns, strict=True))


def _texts(batch: pa.RecordBatch, coarse: Mapping[str, pa.Array]) -> list[list[str]]:
    columns = zip(batch.schema.names, batch.columns, strict=True)
    return [texts_of(column, coarse.get(name)) for name, column in columns]


def _checked_metadata(file: IO[bytes]) -> Any:
    """Return the metadata, after the library has started to read each column of each row group.

    That raises an error if the metadata of a column is damaged. The accessor of these metadata does not: an exception
    of C++ there aborts the process (pyarrow 26).
    """
    opened = parquet.ParquetFile(file, pre_buffer=False)
    for group in range(opened.metadata.num_row_groups):
        next(opened.iter_batches(batch_size=1, row_groups=[group], use_threads=False), None)
    return opened.metadata


def _opened(file: IO[bytes], metadata: Any, **options: str) -> parquet.ParquetFile:
    return parquet.ParquetFile(
        file,
        metadata=metadata,
        read_dictionary=_dictionary_columns(metadata),
        pre_buffer=False,
        buffer_size=_BUFFER_BYTES,
        page_checksum_verification=True,
        **options,
    )


def _checked_size_bytes(file: IO[bytes]) -> int:
    size_bytes = file.seek(0, io.SEEK_END)
    file.seek(max(0, size_bytes - len(_MAGIC)))
    end = file.read(len(_MAGIC))
    file.seek(0)
    if end == b"PARE":
        raise FileRefused("format-error", "the Parquet file is encrypted; send it without encryption")
    if end != _MAGIC or size_bytes < 2 * len(_MAGIC):
        raise FileRefused("truncated-file", "the Parquet file is truncated: its end is missing; send it again")
    return size_bytes


def _dictionary_columns(metadata: Any) -> list[str]:
    """Return the text columns whose dictionary the library can keep: none in nested values."""
    chunks = [chunk for _, chunk in _chunks(metadata)]
    columns = (metadata.schema.column(position) for position in range(len(metadata.schema)))
    flat = {column.path for column in columns if not column.max_repetition_level and column.max_definition_level <= 1}
    flat -= {chunk.path_in_schema for chunk in chunks if not _DELTAS.isdisjoint(chunk.encodings)}
    return sorted(flat.intersection(chunk.path_in_schema for chunk in chunks if _has_dictionary(chunk)))


def _has_dictionary(chunk: Any) -> bool:
    return chunk.physical_type == "BYTE_ARRAY" and not _DICTIONARIES.isdisjoint(chunk.encodings)


def _chunks(metadata: Any) -> Iterator[tuple[int, Any]]:
    """Yield each column of each row group, with the number of the group."""
    for group in range(metadata.num_row_groups):
        for position in range(metadata.num_columns):
            yield group, metadata.row_group(group).column(position)


def _pages_bytes(metadata: Any) -> int:
    groups = (metadata.row_group(position) for position in range(metadata.num_row_groups))
    return sum((int(group.total_byte_size) for group in groups), start=0)


def _rows_of_batch(metadata: Any) -> int:
    schema = metadata.schema
    width_bytes: int = sum(max(8, schema.column(position).length) for position in range(len(schema)))
    if width_bytes > MAX_ROW_BYTES:
        raise FileRefused(
            "row-too-large", f"each row of the Parquet file takes {width_bytes} bytes; expected {MAX_ROW_BYTES}"
        )
    # Texts repeated from a dictionary, or from the text before, may each be as long as all pages together.
    repeating_bytes = _repeating_bytes(metadata)
    most = _MAX_REPEATED_BYTES // repeating_bytes if repeating_bytes else _BATCH_ROWS
    return max(1, min(_BATCH_ROWS, _BATCH_BYTES // max(1, width_bytes), most))


def _repeating_bytes(metadata: Any) -> int:
    """Return the number of bytes of a row group that each of its rows may repeat."""
    held, sizes = _dictionary_columns(metadata), Counter[int]()
    for group, chunk in _chunks(metadata):
        if _repeats(chunk, held):
            sizes[group] += chunk.total_uncompressed_size
    return max(sizes.values(), default=0)


def _repeats(chunk: Any, held: Collection[str]) -> bool:
    """Whether few bytes of its pages may expand to many, because they are not held once, in a dictionary."""
    return chunk.path_in_schema not in held and (_REPEATING in chunk.encodings or _has_dictionary(chunk))


@contextmanager
def _refusing_damage() -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, ValueError, OverflowError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise FileRefused(
            "format-error", f"the Parquet file is damaged or not supported: {error}; write it again"
        ) from error
