"""Cuts a file's records into chunks: the same file and bounds give the same chunks, whenever it is read."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.watcher.records import Record, RecordReader
from shared.messages import RowsExtracted, UnreadableRow
from shared.rows import as_csv


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most rows of a chunk, and the bytes of the file with which it ends: those of its last row may go over."""

    rows: int
    bytes: int


def cut_chunks(
    reader: RecordReader,
    records: Iterator[Record | UnreadableRow],
    bounds: Bounds,
    *,
    load_id: int,
    dataset: str,
    header: list[str],
) -> Iterator[RowsExtracted]:
    """Yield the chunks of one load in order; nothing for a file without rows."""
    chunk = _Draft()
    bytes_before = reader.bytes_read
    for record in records:
        chunk.add(record)
        if chunk.row_count >= bounds.rows or reader.bytes_read - bytes_before >= bounds.bytes:
            yield chunk.finish(load_id=load_id, dataset=dataset, header=header)
            bytes_before = reader.bytes_read
    if chunk.row_count:
        yield chunk.finish(load_id=load_id, dataset=dataset, header=header)


class _Draft:
    """A chunk that is being filled. Finished, it is the next one, and keeps nothing of what was handed out."""

    def __init__(self) -> None:
        self._first_row = 0
        self._begin()

    def _begin(self) -> None:
        self.lines: list[int] = []
        self.rows: list[list[str]] = []
        self.unreadable: list[UnreadableRow] = []
        self.row_count = 0

    def add(self, record: Record | UnreadableRow) -> None:
        self.row_count += 1
        if isinstance(record, UnreadableRow):
            self.unreadable.append(record)
        else:
            line, cells = record
            self.lines.append(line)
            self.rows.append(cells)

    def finish(self, *, load_id: int, dataset: str, header: list[str]) -> RowsExtracted:
        self._set_aside_what_is_not_utf8()
        chunk = RowsExtracted(
            load_id=load_id,
            dataset=dataset,
            first_row=self._first_row,
            header=header,
            lines=self.lines,
            rows=self.rows,
            unreadable=self.unreadable,
        )
        self._first_row += self.row_count
        self._begin()
        return chunk

    def _set_aside_what_is_not_utf8(self) -> None:
        if all(map(_is_unicode, map("".join, self.rows))):
            return
        pairs = list(zip(self.lines, self.rows, strict=True))
        good = [(line, cells) for line, cells in pairs if _is_unicode("".join(cells))]
        self.unreadable += [_not_utf8(line, cells) for line, cells in pairs if not _is_unicode("".join(cells))]
        self.lines = [line for line, _ in good]
        self.rows = [cells for _, cells in good]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _not_utf8(line: int, cells: list[str]) -> UnreadableRow:
    raw = as_csv(cells).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    message = "the row has bytes that are not UTF-8; save the file as UTF-8"
    return UnreadableRow(line=line, code="encoding-error", message=message, raw=raw)
