"""Cuts a file's records into chunks: the same file and bounds give the same chunks, whenever it is read.

Rows that are cut into chunks together are a window: the rest of a file, or records that were put together.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Protocol, Self

from shared.extraction.record_blocks import Records
from shared.messaging.payloads import RowsExtracted
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.csv.records import RecordReader
from shared.reading.encodings.undecoded import is_decoded, storable, undecoded
from shared.reading.sources import Record

#: The most bytes that the rows of a chunk take in a message: with the header far below the broker's limit of 16 MiB.
MAX_ENCODED_BYTES = 8 << 20

#: JSON writes a byte of the file as six where it is a control character, and as less otherwise.
_ESCAPED_BYTES = 6
#: The size of a row without its text: its line number and brackets, or the code and message if it can't be read.
_BESIDE_TEXT_BYTES = 256


@dataclass(frozen=True, slots=True)
class ChunkBounds:
    """The most rows of a chunk, and the bytes of the file with which it ends: those of its last row may go over.

    A chunk of rows that could take too much in a message ends before them.
    """

    rows: int
    bytes: int


class ByteCounter(Protocol):
    """Counts the bytes of the records that were read from it."""

    @property
    def bytes_read(self) -> int:
        """The size in bytes of the records up to here."""


def cut_chunks(
    reader: ByteCounter,
    records: Iterator[Record | UnreadableRow],
    bounds: ChunkBounds,
    *,
    load_id: int,
    dataset: str,
    header: list[str],
    declared: Collection[str] | None = None,
    first_row: int = 0,
) -> Iterator[RowsExtracted]:
    """Yield the chunks of one load in order, from this row on; nothing if there are no records.

    A value that can't be decoded faults its row, unless its column is not `declared`; None: all columns are.
    """
    columns = _Columns(header, [name for name in header if declared is None or name in declared])
    chunk = _Draft(first_row)
    before = reader.bytes_read
    for record in records:
        after = reader.bytes_read
        row_bytes, before = after - before, after
        if not chunk.has_room(row_bytes):
            yield chunk.finish(load_id=load_id, dataset=dataset, columns=columns)
        chunk.add(record, row_bytes)
        if chunk.row_count >= bounds.rows or chunk.file_bytes >= bounds.bytes:
            yield chunk.finish(load_id=load_id, dataset=dataset, columns=columns)
    if chunk.row_count:
        yield chunk.finish(load_id=load_id, dataset=dataset, columns=columns)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a file, and those of them that the dataset has."""

    header: list[str]
    declared: list[str]

    def decoded(self, cells: list[str]) -> list[str]:
        """Return a row with U+FFFD for what is not a character in columns that were not asked for."""
        if len(cells) != len(self.header):
            return cells
        pairs = zip(self.header, cells, strict=True)
        return [cell if name in self.declared else storable(cell) for name, cell in pairs]


class _Draft:
    """A chunk that is being filled. Finished, it is the next one, and keeps nothing of what was handed out."""

    def __init__(self, first_row: int) -> None:
        self._first_row = first_row
        self._begin()

    def _begin(self) -> None:
        self.lines: list[int] = []
        self.rows: list[list[str]] = []
        self.unreadable: list[UnreadableRow] = []
        self.row_count = 0
        self.file_bytes = 0

    def has_room(self, row_bytes: int) -> bool:
        """Whether a row of this size in the file may join. The first one always may: it has a limit of its own."""
        text_bytes = _ESCAPED_BYTES * (self.file_bytes + row_bytes)
        return not self.row_count or text_bytes + _BESIDE_TEXT_BYTES * (self.row_count + 1) <= MAX_ENCODED_BYTES

    def add(self, record: Record | UnreadableRow, row_bytes: int) -> None:
        self.row_count += 1
        self.file_bytes += row_bytes
        if isinstance(record, UnreadableRow):
            self.unreadable.append(record)
        else:
            line, cells = record
            self.lines.append(line)
            self.rows.append(cells)

    def finish(self, *, load_id: int, dataset: str, columns: _Columns) -> RowsExtracted:
        if not all(map(is_decoded, self.rows)):
            self._set_aside_what_is_undecoded(columns)
        chunk = RowsExtracted(
            load_id=load_id,
            dataset=dataset,
            first_row=self._first_row,
            header=columns.header,
            lines=self.lines,
            rows=self.rows,
            unreadable=self.unreadable,
        )
        self._first_row += self.row_count
        self._begin()
        return chunk

    def _set_aside_what_is_undecoded(self, columns: _Columns) -> None:
        pairs = [(line, columns.decoded(cells)) for line, cells in zip(self.lines, self.rows, strict=True)]
        good = [(line, cells) for line, cells in pairs if is_decoded(cells)]
        self.unreadable += [undecoded(line, cells) for line, cells in pairs if not is_decoded(cells)]
        self.lines = [line for line, _ in good]
        self.rows = [cells for _, cells in good]


class Window(Protocol):
    """Rows that are cut into chunks together."""

    @property
    def bytes_read(self) -> int:
        """The size in bytes of the rows up to here."""

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read to the window's end."""


class RestOfFile:
    """The rows that a reader has not read yet, in the order of the file."""

    def __init__(
        self, reader: RecordReader, records: Iterator[Record | UnreadableRow], *, lines_before: int = 0
    ) -> None:
        self._reader = reader
        self._records = records
        self._lines_before = lines_before

    @property
    def bytes_read(self) -> int:
        """The size in bytes of the rows up to here."""
        return self._reader.bytes_read

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read to the end of the file."""
        return (_on_line(record, _line_of(record) + self._lines_before) for record in self._records)


class RecordsOfText:
    """Records that were put together, each with the line that it has in its file."""

    def __init__(self, text: bytes, lines: Sequence[int]) -> None:
        self._text: BytesIO | None = BytesIO(text)
        self._reader = RecordReader(self._text, skips_marks=False)
        self._lines = lines

    @classmethod
    def of(cls, records: Records) -> Self:
        """Put records together, in this order."""
        return cls(b"".join(records.texts), records.lines)

    @property
    def bytes_read(self) -> int:
        """The size in bytes of the rows up to here."""
        return self._reader.bytes_read

    @property
    def is_in_memory(self) -> bool:
        """Whether there may be more to read."""
        return self._text is not None

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read to the end of the text, and let go of it."""
        for record, line in zip(self._reader, self._lines, strict=True):
            yield _on_line(record, line)
        self.close()

    def close(self) -> None:
        """Let go of the text."""
        if self._text is not None:
            self._text.close()
            self._text = None


def _on_line(record: Record | UnreadableRow, line: int) -> Record | UnreadableRow:
    return replace(record, line=line) if isinstance(record, UnreadableRow) else (line, record[1])


def _line_of(record: Record | UnreadableRow) -> int:
    return record.line if isinstance(record, UnreadableRow) else record[0]
