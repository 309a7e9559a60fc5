"""A CSV file as one table, read in the format that was detected."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.blocks import Readable
from shared.reading.csv.records import RecordReader
from shared.reading.detection.csv_format import CsvFormat
from shared.reading.detection.headers import is_rule, joined_names
from shared.reading.detection.layouts import Layout
from shared.reading.encodings.transcoding import Utf8Of
from shared.reading.encodings.wide_encodings import is_wide
from shared.reading.line_account import LineReason, SkippedLines, line_count_of
from shared.reading.sources import Record


class CsvTable:
    """The header and the records of a CSV file: a RecordSource."""

    def __init__(self, file: Readable, csv_format: CsvFormat) -> None:
        """Read the header. Raises FileRefused if that fails."""
        layout = csv_format.layout
        self._layout = layout
        self._delimiter = csv_format.dialect.delimiter
        self._reader = _reader(file, csv_format)
        self._records = iter(self._reader)
        width = csv_format.width - layout.trailing_delimiters
        self._header = _header(self._take(layout.header_lines, "header"), layout, width)
        self._take(layout.notes_lines, "units")

    @property
    def header(self) -> list[str]:
        """The column names as in the file; numbers if it has none."""
        return self._header

    @property
    def bytes_read(self) -> int:
        """The size of the records read so far."""
        return self._reader.bytes_read

    @property
    def lines_read(self) -> int:
        """The number of lines read so far."""
        return self._reader.lines_read

    @property
    def skipped(self) -> SkippedLines:
        """Those of the lines that are not rows."""
        return self._reader.skipped

    def _take(self, count: int, reason: LineReason) -> list[Record | UnreadableRow]:
        """Read `count` records that are not rows."""
        records = [*islice(self._records, count)]
        self._name(records, reason)
        return records

    def _name(self, records: Iterable[Record | UnreadableRow], reason: LineReason) -> None:
        for record in records:
            if not isinstance(record, UnreadableRow):
                line, cells = record
                is_drawn = reason == "units" and is_rule(cells)
                self.skipped.add(
                    line, "rule" if is_drawn else reason, self._delimiter.join(cells), line_count=line_count_of(cells)
                )

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read the rows, without the records of the footer."""
        held: deque[Record | UnreadableRow] = deque()
        for record in self._records:
            held.append(self._without_trailing(record) if self._layout.trailing_delimiters else record)
            if len(held) > self._layout.footer_lines:
                yield held.popleft()
        self._name(held, "footer")
        # An unreadable record is not part of the footer.
        yield from (record for record in held if isinstance(record, UnreadableRow))

    def _without_trailing(self, record: Record | UnreadableRow) -> Record | UnreadableRow:
        """Remove the empty cells after the last column; a value there makes the record too wide."""
        if not isinstance(record, UnreadableRow) and not any(record[1][len(self._header) :]):
            del record[1][len(self._header) : len(self._header) + self._layout.trailing_delimiters]
        return record


def _reader(file: Readable, csv_format: CsvFormat) -> RecordReader:
    dialect, layout = csv_format.dialect, csv_format.layout
    if is_wide(dialect.encoding):
        file = Utf8Of(file, dialect.encoding)
        dialect = dialect.as_utf8()
    return RecordReader(file, dialect=dialect, skip_lines=layout.skip_lines, width=csv_format.width)


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
    # Delimiters after the last name are not columns.
    return names if any(map(str.strip, names[width:])) else names[:width]
