"""The rows of a table: its records that are as wide as its header, and what is wrong with the others."""

from collections.abc import Iterator

from shared.messages import UnreadableRow
from shared.reader.sources import Record, RecordSource
from shared.rows import as_csv, wrong_width


def rows_of(table: RecordSource) -> Iterator[Record | UnreadableRow]:
    """Yield each record, and an UnreadableRow for one of the wrong width or with bytes that are not of its encoding."""
    width = len(table.header)
    for record in table:
        if isinstance(record, UnreadableRow):
            yield record
        elif not is_unicode(record[1]):
            yield _not_decoded(record[0], record[1])
        elif len(record[1]) != width:
            yield wrong_width(record[0], record[1], width)
        else:
            yield record


def is_unicode(cells: list[str]) -> bool:
    """Whether all bytes of a record were of its encoding."""
    text = "".join(cells)
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_decoded(line: int, cells: list[str]) -> UnreadableRow:
    raw = as_csv(cells).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    message = "the row has bytes that are not of the file's encoding"
    return UnreadableRow(line=line, code="encoding-error", message=message, raw=raw)
