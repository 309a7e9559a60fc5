"""Several tables with the same header as one: the files of an archive."""

from collections.abc import Iterator
from dataclasses import replace

from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.line_account import SkippedLines
from shared.reading.sources import Record, RecordSource


class JoinedTables:
    """Tables with the same header as one. Lines are counted on from one to the next."""

    def __init__(self, first: RecordSource, others: Iterator[RecordSource]) -> None:
        self._first = first
        self._others = others
        self._bytes_before = 0
        self._lines_before = 0
        self._skipped = SkippedLines()
        self._current = first

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        return self._first.header

    @property
    def bytes_read(self) -> int:
        """How many bytes the records up to here have."""
        return self._bytes_before + self._current.bytes_read

    @property
    def lines_read(self) -> int:
        """How many lines were read up to here."""
        return self._lines_before + self._current.lines_read

    @property
    def skipped(self) -> SkippedLines:
        """Those of the tables that were read to their ends, and are not rows."""
        return self._skipped

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read one table after the other."""
        yield from self._counted_on()
        for table in self._others:
            require_same_columns(table.header, self.header)
            self._bytes_before, self._lines_before, self._current = self.bytes_read, self.lines_read, table
            yield from self._counted_on()

    def _counted_on(self) -> Iterator[Record | UnreadableRow]:
        """Yield the records of a table with their lines behind those of the tables before it."""
        table, before = self._current, self._lines_before
        for record in table:
            if isinstance(record, UnreadableRow):
                yield replace(record, line=record.line + before)
            else:
                yield record[0] + before, record[1]
        self._skipped.add_all(table.skipped, lines_before=before)


def require_same_columns(header: list[str], first: list[str]) -> None:
    """Raise FileRefused where a file has other columns than the first one of its archive."""
    if header != first:
        raise FileRefused("format-error", "the files in the archive have different columns; send them apart")
