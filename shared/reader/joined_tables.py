"""Several tables with the same header as one: the files of an archive."""

from collections.abc import Generator, Iterator

from shared.errors import FileRefused
from shared.messages.unreadable_rows import UnreadableRow
from shared.reader.sources import Record, RecordSource


class JoinedTables:
    """Tables with the same header as one. Lines are counted on from one to the next."""

    def __init__(self, first: RecordSource, others: Iterator[RecordSource]) -> None:
        self._first = first
        self._others = others
        self._bytes_before = 0
        self._current = first

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return self._first.header

    @property
    def bytes_read(self) -> int:
        """How many bytes the records up to here have."""
        return self._bytes_before + self._current.bytes_read

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read one table after the other."""
        last_line = yield from _counted_on(self._first, 0)
        for table in self._others:
            require_same_columns(table.header, self.header)
            self._bytes_before, self._current = self.bytes_read, table
            last_line = yield from _counted_on(table, last_line)


def require_same_columns(header: list[str], first: list[str]) -> None:
    """Raise FileRefused where a file has other columns than the first one of its archive."""
    if header != first:
        raise FileRefused("format-error", "the files in the archive have different columns; send them apart")


def _counted_on(table: RecordSource, offset: int) -> Generator[Record | UnreadableRow, None, int]:
    """Yield records with their lines behind so many others; return the last line."""
    line = offset
    for record in table:
        if isinstance(record, UnreadableRow):
            line = record.line + offset
            yield UnreadableRow(line=line, code=record.code, message=record.message, raw=record.raw)
        else:
            line = record[0] + offset
            yield line, record[1]
    return line
