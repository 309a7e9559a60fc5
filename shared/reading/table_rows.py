"""The rows of a table: the records that are as wide as its header, and the faults of the others."""

from collections.abc import Iterator

from shared.model.rows import is_blank, misshapen, repeated_headers, repeating
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.encodings.undecoded import is_decoded, undecoded
from shared.reading.sources import Record, RecordSource


def rows_of(table: RecordSource) -> Iterator[Record | UnreadableRow]:
    """Yield each record; an UnreadableRow for those that can't be a row of any dataset.

    Those are records of the wrong width or without any value, with bytes that can't be decoded, or equal to the header.
    """
    width, headers = len(table.header), repeated_headers(table.header)
    for record in table:
        if isinstance(record, UnreadableRow):
            yield record
        elif not is_decoded(record[1]):
            yield undecoded(record[0], record[1])
        elif len(record[1]) != width or is_blank(record[1]):
            yield misshapen(record[0], record[1], width)
        elif record[1] in headers:
            yield repeating(record[0], record[1])
        else:
            yield record
