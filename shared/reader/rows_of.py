"""The rows of a table: its records that are as wide as its header, and what is wrong with the others."""

from collections.abc import Iterator

from shared.messages.unreadable_rows import UnreadableRow
from shared.reader.sources import Record, RecordSource
from shared.reader.undecoded import is_decoded, undecoded
from shared.rows import misshapen


def rows_of(table: RecordSource) -> Iterator[Record | UnreadableRow]:
    """Yield each record, and an UnreadableRow for one of the wrong width or with bytes that are not of its encoding."""
    width = len(table.header)
    for record in table:
        if isinstance(record, UnreadableRow):
            yield record
        elif not is_decoded(record[1]):
            yield undecoded(record[0], record[1])
        elif len(record[1]) != width:
            yield misshapen(record[0], record[1], width)
        else:
            yield record
