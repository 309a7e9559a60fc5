"""The rows of a claimed file, opened in the order in which they are published, and cut into messages."""

import os
from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import IO

from services.extractor.comparing.changes import Changes
from services.extractor.comparing.fingerprint import FingerprintedFile
from services.extractor.sorting.key_order import KeyOrder
from services.extractor.sorting.ordering import SortingTurns, ordered_windows, sorted_windows
from services.extractor.sorting.runs import Runs
from shared.extraction.chunks import RecordsOfText, RestOfFile, Window, cut_chunks
from shared.extraction.claimed_file import ClaimedFile
from shared.extraction.header import Header, check_nameless, header_of, key_places, match_header
from shared.messaging.payloads import LoadExtracted, RowsExtracted
from shared.model.datasets import Dataset
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.csv.records import RecordReader
from shared.reading.line_account import AccountedSource, LineAccount, line_count_of
from shared.reading.read_plan import ReadPlan
from shared.reading.sources import Record

#: Larger files are sorted on the disk: a row takes some five times as much in a table, and a buffer pool has 128 MB.
_SORTED_FROM_BYTES = 16 << 20
#: A changed row costs this many times as much as a new one: its page is read first. Smaller chunks use more writers.
_CHANGES_ARE_DEARER = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRows:
    """A header that fits its dataset, and the rows; None among them is a step on the way to the next one."""

    header: Header
    #: What accounts for the lines of the file; None where only its changes are read.
    lines: AccountedSource | None
    windows: Iterable[Window | None]
    #: The file, if all its bytes are read unchanged.
    source: FingerprintedFile | None = None
    #: Where only these are read.
    changes: Changes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A chunk, and whether the file has more rows in memory, and should be done with them before others' turns."""

    chunk: RowsExtracted
    holds_window: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """What is known of a file once all its chunks are cut."""

    manifest: LoadExtracted
    #: Of the file's content; None if not all of its bytes were read unchanged.
    fingerprint: str | None
    #: What became of each line; None where only its changes were read.
    line_account: LineAccount | None


#: Yields chunks, and None after a step that made none.
Cuts = Generator[Cut | None, None, Extracted]


def open_rows(
    source: IO[bytes],
    file: ClaimedFile,
    plan: ReadPlan,
    *,
    sorting: SortingTurns,
    changes: Changes | None = None,
    in_file_order: bool = False,
) -> OpenedRows:
    """Read the header; of the rows, only the changes will be read where they are known.

    FileRefused where the header does not fit the dataset; OSError where the file can't be read.
    """
    if not plan.is_plain:
        return _open_as_planned(source, plan, file.dataset)
    if changes is not None:
        return _open_changes(changes, file.dataset)
    if in_file_order or os.fstat(source.fileno()).st_size <= file.claimed.bounds.bytes:
        return _open_as_it_stands(source, file.dataset)
    return _open_in_order(source, file, sorting)


def cut_rows(rows: OpenedRows, file: ClaimedFile) -> Cuts:
    """Yield the rows in chunks; return what follows them. OSError where the file can't be read or sorted.

    A file holds little between its turns: nothing here keeps a chunk that was handed out.
    """
    count = _RowCount()
    bounds = file.claimed.bounds
    if rows.changes is not None:
        bounds = replace(bounds, rows=max(1, bounds.rows // _CHANGES_ARE_DEARER))
    for window in rows.windows:
        if window is None:
            yield None
            continue
        count.window = window
        chunks = cut_chunks(
            window,
            iter(window),
            bounds,
            load_id=file.claimed.load_id,
            dataset=file.dataset.name,
            header=rows.header.names,
            declared=file.dataset.labels,
            first_row=count.rows,
        )
        yield from map(count.cut, chunks)
    return _extracted(rows, file, count)


class _RowCount:
    """Counts the rows that were cut, in chunks that it does not keep."""

    def __init__(self) -> None:
        self.window: Window | None = None
        self.rows = 0
        self.unreadable = 0

    def cut(self, chunk: RowsExtracted) -> Cut:
        self.rows += chunk.row_count
        self.unreadable += len(chunk.unreadable)
        return Cut(chunk=chunk, holds_window=isinstance(self.window, RecordsOfText) and self.window.is_in_memory)


def _extracted(rows: OpenedRows, file: ClaimedFile, count: _RowCount) -> Extracted:
    changes = rows.changes
    unchanged, superseded = (changes.unchanged_count, changes.superseded_count) if changes else (0, 0)
    manifest = LoadExtracted(
        load_id=file.claimed.load_id,
        dataset=file.dataset.name,
        row_count=count.rows + unchanged + superseded,
        unchanged_count=unchanged,
        superseded_count=superseded,
    )
    account = None
    if rows.lines is not None:
        account = LineAccount.of(rows.lines, rows=count.rows - count.unreadable, rejects=count.unreadable)
    read = changes or rows.source
    return Extracted(manifest=manifest, fingerprint=read.fingerprint if read else None, line_account=account)


def _open_changes(changes: Changes, dataset: Dataset) -> OpenedRows:
    """Open what changed since an earlier edition of a plain file."""
    header = match_header(_cells(next(iter(RecordReader(BytesIO(changes.header))), None)), dataset)
    records = _key_order(header, dataset).sort(changes.records)
    return OpenedRows(header=header, lines=None, windows=[RecordsOfText.of(records)], changes=changes)


def _open_as_planned(source: IO[bytes], plan: ReadPlan, dataset: Dataset) -> OpenedRows:
    """Open a file of any format, in its order."""
    if not plan.has_header and dataset.read.header_lines is None:
        check_nameless(plan.open(source), dataset)
    table = plan.open(source)
    return OpenedRows(header=header_of(table, plan, dataset), lines=table, windows=[table])


def _open_as_it_stands(source: IO[bytes], dataset: Dataset) -> OpenedRows:
    """Open a plain file in its order. The writer puts the rows of one chunk in order."""
    source.seek(0)
    fingerprinted = FingerprintedFile(source, dataset)
    reader = RecordReader(fingerprinted)
    records = iter(reader)
    first = next(records, None)
    header = match_header(_cells(first), dataset)
    _name_header(reader, first)
    return OpenedRows(header=header, lines=reader, windows=[RestOfFile(reader, records)], source=fingerprinted)


def _open_in_order(source: IO[bytes], file: ClaimedFile, sorting: SortingTurns) -> OpenedRows:
    """Open a plain file, its rows in the order of their keys; a large one is sorted in the folder that it is in."""
    source.seek(0)
    first = next(iter(RecordReader(source)), None)
    header = match_header(_cells(first), file.dataset)
    source.seek(0)
    fingerprinted = FingerprintedFile(source, file.dataset)
    order, width, runs = _key_order(header, file.dataset), len(header.names), Runs(fingerprinted)
    _name_header(runs, first)
    if os.fstat(source.fileno()).st_size < _SORTED_FROM_BYTES:
        windows: Iterable[Window | None] = ordered_windows(source, runs, order, width=width)
    else:
        windows = sorted_windows(source, runs, order, width=width, folder=file.path.parent, turns=sorting)
    return OpenedRows(header=header, lines=runs, windows=windows, source=fingerprinted)


def _name_header(lines: AccountedSource, first: Record | UnreadableRow | None) -> None:
    if isinstance(first, tuple):
        line, cells = first
        lines.skipped.add(line, "header", ",".join(cells), line_count=line_count_of(cells))


def _key_order(header: Header, dataset: Dataset) -> KeyOrder:
    return KeyOrder(key_places(header.names, dataset))


def _cells(first: tuple[int, list[str]] | UnreadableRow | None) -> list[str]:
    if first is None:
        raise FileRefused("blank-header", "the file is empty; expected a header line with the names of the columns")
    if isinstance(first, UnreadableRow):
        raise FileRefused(first.code, f"the header can't be read: {first.message}")
    cells = first[1]
    if any("\udc80" <= character <= "\udcff" for cell in cells for character in cell):
        raise FileRefused("encoding-error", "the header has bytes that are not UTF-8; save the file as UTF-8")
    return cells
