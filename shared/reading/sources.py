"""The interface of the readers of all formats: the column names, and the records."""

from collections.abc import Iterator
from typing import Protocol

from shared.model.unreadable_rows import UnreadableRow
from shared.reading.line_account import AccountedSource

#: The line on which a record begins, and its values as text. In a format without lines, the record's number:
#: a sheet's row, an element of an array, a row of a Parquet file, counted from 1.
Record = tuple[int, list[str]]


class RecordSource(AccountedSource, Protocol):
    """One table of one file, read once from its start to its end in bounded memory.

    Iterating raises FileRefused if the file turns out to be damaged or truncated.
    """

    @property
    def header(self) -> list[str]:
        """The column names as in the file."""

    @property
    def bytes_read(self) -> int:
        """The size of the records read so far, in bytes after decompression; an estimate for binary formats."""

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read the records after the header; one that can't be read is an UnreadableRow."""
