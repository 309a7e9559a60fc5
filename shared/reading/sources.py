"""What the reader of every format gives: the names of the columns, and the records."""

from collections.abc import Iterator
from typing import Protocol

from shared.model.unreadable_rows import UnreadableRow
from shared.reading.line_account import AccountedSource

#: The line on which a record begins, and its values as text. Where a format has no lines, the record's number:
#: a sheet's row, an element of an array, a row of a Parquet file, counted from 1.
Record = tuple[int, list[str]]


class RecordSource(AccountedSource, Protocol):
    """One table of one file, read once from its start to its end in bounded memory.

    Iterating raises FileRefused where the file turns out to be broken or cut short.
    """

    @property
    def header(self) -> list[str]:
        """The columns' names as the file has them."""

    @property
    def bytes_read(self) -> int:
        """How many bytes, after decompression, the records up to here have; about as many where a format is binary."""

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read the records behind the header; what can't be read is an UnreadableRow."""
