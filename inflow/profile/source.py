"""Opens the table of a file, whatever its format."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.watcher.regular_files import open_regular
from shared.errors import FileRefused
from shared.messages import UnreadableRow
from shared.reader.records import RecordReader
from shared.reader.sources import Record, RecordSource


@contextmanager
def open_source(path: Path) -> Iterator[RecordSource]:
    """Open a file for one reading. FileRefused or OSError where it can't be read."""
    with open_regular(path) as file:
        yield CsvTable(RecordReader(file))


class CsvTable:
    """Plain CSV, whose first record is the header."""

    def __init__(self, reader: RecordReader) -> None:
        self._reader = reader
        self._records = iter(reader)
        first = next(self._records, None)
        if first is None:
            raise FileRefused("blank-header", "the file is empty; expected a header line with the names of the columns")
        if isinstance(first, UnreadableRow):
            raise FileRefused(first.code, f"the header can't be read: {first.message}")
        self.header = first[1]

    @property
    def bytes_read(self) -> int:
        """How many bytes the records up to here have."""
        return self._reader.bytes_read

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read the records behind the header."""
        return self._records
