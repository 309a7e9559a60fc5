"""Gives out the rows of a large file a window at a time, each in the order of its keys.

A table that is larger than the database's buffer pool is read from the disk for every row whose neighbours were not
inserted just before. So rows that are neighbours in the table go into the same chunk, as far as memory allows. Which
line wins does not depend on the order: rows carry their lines.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from typing import IO, Protocol

from services.watcher.stretches import Incomparable, Records, Stretch, are_sound, stretches
from shared.messages import UnreadableRow
from shared.reader.blocks import LONGEST_ROW_BYTES, Readable
from shared.reader.records import RecordReader
from shared.reader.sources import Record

#: What a window of short rows needs in memory is about ten times as much.
_WINDOW_BYTES = 4 << 20
#: The first one is small and each is twice as large as the one before: writers have work to do early.
_FIRST_WINDOW_BYTES = 1 << 20


class Window(Protocol):
    """Rows that are cut into chunks together."""

    @property
    def bytes_read(self) -> int:
        """How many bytes the rows up to here have."""

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read to the window's end."""


class RestOfFile:
    """The rows that a reader has not read yet, as they stand."""

    def __init__(
        self, reader: RecordReader, records: Iterator[Record | UnreadableRow], *, lines_before: int = 0
    ) -> None:
        self._reader = reader
        self._records = records
        self._lines_before = lines_before

    @property
    def bytes_read(self) -> int:
        """How many bytes the rows up to here have."""
        return self._reader.bytes_read

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read to the end of the file."""
        return (_on_line(record, _line_of(record) + self._lines_before) for record in self._records)


class RecordsOfText:
    """Records that were put together, each with the line that it has in its file."""

    def __init__(self, text: bytes, lines: Sequence[int]) -> None:
        self._text: BytesIO | None = BytesIO(text)
        self._reader = RecordReader(self._text, skips_mark=False)
        self._lines = lines

    @property
    def bytes_read(self) -> int:
        """How many bytes the rows up to here have."""
        return self._reader.bytes_read

    @property
    def is_in_memory(self) -> bool:
        """Whether there may be more to read."""
        return self._text is not None

    def __iter__(self) -> Iterator[Record | UnreadableRow]:
        """Read to the end of the text, and let go of it."""
        for record, line in zip(self._reader, self._lines, strict=True):
            yield _on_line(record, line)
        self.close()

    def close(self) -> None:
        """Let go of the text."""
        if self._text is not None:
            self._text.close()
            self._text = None


def ordered_windows(file: IO[bytes], source: Readable, key: Sequence[int], *, width: int) -> Iterator[Window]:
    """Yield the rows of a file behind its header, which are so wide, by the columns at these places.

    `source` reads the file from its start. From the first window on whose records can't be told from each other without
    reading their cells, what is left comes as it stands.
    """
    offset, lines_before = 0, 0
    try:
        for batch in _batches(stretches(source, stretch_bytes=_FIRST_WINDOW_BYTES)):
            window, end = _in_key_order(batch, key), batch[-1]
            offset, lines_before = end.end_offset, end.end_line
            # A window is in memory once, not twice.
            batch.clear()
            del end
            yield window
    except Incomparable:
        file.seek(offset)
        reader = RecordReader(file, skips_mark=not offset, width=width)
        records = iter(reader)
        if not offset:
            next(records, None)  # the header
        yield RestOfFile(reader, records, lines_before=lines_before)


def _batches(found: Iterator[Stretch]) -> Iterator[list[Stretch]]:
    """Put stretches together as large as a window, the first one without the header."""
    batch: list[Stretch] = []
    wanted_bytes = min(_FIRST_WINDOW_BYTES, _WINDOW_BYTES)
    for number, stretch in enumerate(found):
        batch.append(stretch.without_header()[1] if number == 0 else stretch)
        if sum(len(each.text) for each in batch) >= wanted_bytes:
            yield batch
            batch = []
            wanted_bytes = min(2 * wanted_bytes, _WINDOW_BYTES)
    if batch:
        yield batch


def _in_key_order(batch: list[Stretch], key: Sequence[int]) -> RecordsOfText:
    texts: list[bytes] = []
    lines = array("q")
    for stretch in batch:
        records = stretch.split()
        _check(stretch, records)
        texts += records.texts
        lines.extend(records.lines)
    if texts and not texts[-1].endswith((b"\n", b"\r")):
        texts[-1] += b"\n"
    # Most keys are the first columns; the comparison seldom comes to those behind.
    keys = texts if list(key) == list(range(len(key))) else [_key_of(text, key) for text in texts]
    order = sorted(range(len(texts)), key=keys.__getitem__)
    return RecordsOfText(b"".join([texts[place] for place in order]), array("q", map(lines.__getitem__, order)))


def _check(stretch: Stretch, records: Records) -> None:
    if max(map(len, records.texts), default=0) > LONGEST_ROW_BYTES or not (stretch.is_plain or are_sound(records)):
        raise Incomparable("a row is too long, or a quote stands where none belongs")


def _key_of(text: bytes, key: Sequence[int]) -> bytes:
    """The key as far as it can be seen without reading the cells: to have neighbours together, that is enough."""
    cells = text.split(b",")
    return b",".join([cells[place] for place in key if place < len(cells)])


def _on_line(record: Record | UnreadableRow, line: int) -> Record | UnreadableRow:
    return replace(record, line=line) if isinstance(record, UnreadableRow) else (line, record[1])


def _line_of(record: Record | UnreadableRow) -> int:
    return record.line if isinstance(record, UnreadableRow) else record[0]
