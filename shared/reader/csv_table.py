"""A CSV file as one table, read as it was understood."""

from collections import deque
from collections.abc import Iterator
from itertools import islice

from shared.errors import FileRefused
from shared.messages.unreadable_rows import UnreadableRow
from shared.reader.blocks import Readable
from shared.reader.headers import joined_names
from shared.reader.layouts import Layout
from shared.reader.records import RecordReader
from shared.reader.sources import Record
from shared.reader.transcoding import Utf8Of
from shared.reader.understanding import Understanding
from shared.reader.wide_encodings import is_wide


class CsvTable:
    """The header and the records of a CSV file: a RecordSource."""

    def __init__(self, file: Readable, understanding: Understanding) -> None:
        """Read the header. FileRefused where it can't be."""
        layout = understanding.layout
        self._layout = layout
        self._reader = _reader(file, understanding)
        self._records = iter(self._reader)
        width = understanding.width - layout.trailing_delimiters
        self._header = _header([*islice(self._records, layout.header_lines)], layout, width)
        self._notes = [*islice(self._records, layout.notes_lines)]

    @property
    def header(self) -> list[str]:
        """The columns' names as the file has them; numbers where it has none."""
        return self._header

    @property
    def bytes_read(self) -> int:
        """How many bytes the records up to here have."""
        return self._reader.bytes_read

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read the rows; those of the footer are none."""
        held: deque[Record | UnreadableRow] = deque()
        for record in self._records:
            held.append(self._without_trailing(record) if self._layout.trailing_delimiters else record)
            if len(held) > self._layout.footer_lines:
                yield held.popleft()
        # What can't be read is none of the footer.
        yield from (record for record in held if isinstance(record, UnreadableRow))

    def _without_trailing(self, record: Record | UnreadableRow) -> Record | UnreadableRow:
        """Leave out the empty cells behind the last column; a value there is one too many."""
        if not isinstance(record, UnreadableRow) and not any(record[1][len(self._header) :]):
            del record[1][len(self._header) : len(self._header) + self._layout.trailing_delimiters]
        return record


def _reader(file: Readable, understanding: Understanding) -> RecordReader:
    dialect, layout = understanding.dialect, understanding.layout
    if is_wide(dialect.encoding):
        file = Utf8Of(file, dialect.encoding)
        dialect = dialect.as_utf8()
    return RecordReader(file, dialect=dialect, skip_lines=layout.skip_lines, width=understanding.width)


def _header(found: list[Record | UnreadableRow], layout: Layout, width: int) -> list[str]:
    if not layout.header_lines:
        return [f"column_{number}" for number in range(1, width + 1)]
    if not found:
        raise FileRefused("blank-header", "the file is empty; expected a header line with the names of the columns")
    lines: list[list[str]] = []
    for record in found:
        if isinstance(record, UnreadableRow):
            raise FileRefused(record.code, f"the header can't be read: {record.message}")
        lines.append(record[1])
    names = joined_names(lines) if len(lines) > 1 else lines[0]
    if layout.row_names:
        return ["", *names]
    return names[:width] if layout.trailing_delimiters else names
