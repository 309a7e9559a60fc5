"""Joins several tables with the same header: the files of an archive."""

from collections.abc import Iterator
from dataclasses import replace

from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.line_account import SkippedLines
from shared.reading.sources import Record, RecordSource


class JoinedTables:
    """Tables with the same header as one table. Lines are numbered across all of them."""

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
        """The size of the records read so far."""
        return self._bytes_before + self._current.bytes_read

    @property
    def lines_read(self) -> int:
        """The number of lines read so far."""
        return self._lines_before + self._current.lines_read

    @property
    def skipped(self) -> SkippedLines:
        """Those of the lines that are not rows, of the tables that were read to their ends."""
        return self._skipped

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read one table after the other."""
        yield from self._counted_on()
        for table in self._others:
            require_same_columns(table.header, self.header)
            self._bytes_before, self._lines_before, self._current = self.bytes_read, self.lines_read, table
            yield from self._counted_on()

    def _counted_on(self) -> Iterator[Record | UnreadableRow]:
        """Yield the records of a table, with line numbers that follow those of the tables before it."""
        table, before = self._current, self._lines_before
        for record in table:
            if isinstance(record, UnreadableRow):
                yield replace(record, line=record.line + before)
            else:
                yield record[0] + before, record[1]
        self._skipped.add_all(table.skipped, lines_before=before)


def require_same_columns(header: list[str], first: list[str]) -> None:
    """Raise FileRefused if the columns of a file differ from those of the first one in its archive."""
    if header != first:
        raise FileRefused("format-error", "the files in the archive have different columns; send them separately")
