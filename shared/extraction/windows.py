"""Windows: rows that are cut into chunks together, and how they are read."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Protocol, Self

from shared.extraction.record_blocks import Records
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.csv.records import RecordReader
from shared.reading.sources import Record


class Window(Protocol):
    """Rows that are cut into chunks together."""

    @property
    def bytes_read(self) -> int:
        """How many bytes the rows up to here have."""

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read to the window's end."""


class RestOfFile:
    """The rows that a reader has not read yet, as they stand."""

    def __init__(
        self, reader: RecordReader, records: Iterator[Record | UnreadableRow], *, lines_before: int = 0
    ) -> None:
        self._reader = reader
        self._records = records
        self._lines_before = lines_before

    @property
    def bytes_read(self) -> int:
        """How many bytes the rows up to here have."""
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
        """How many bytes the rows up to here have."""
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
