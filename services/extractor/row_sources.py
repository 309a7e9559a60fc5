"""Opens a surveyed file: its header, and its rows a window at a time."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from services.extractor.comparing.changes import Changes
from services.extractor.comparing.fingerprint import FingerprintedFile
from services.extractor.sorting.key_order import KeyOrder
from services.extractor.sorting.ordering import SortingTurns, ordered_windows, sorted_windows
from services.extractor.sorting.runs import Runs
from shared.extraction.header import Header, check_nameless, header_of, key_places, match_header
from shared.extraction.windows import RecordsOfText, RestOfFile, Window
from shared.model.datasets import Dataset
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.csv.records import RecordReader
from shared.reading.line_account import AccountedSource, line_count_of
from shared.reading.read_plan import ReadPlan
from shared.reading.sources import Record

#: Larger files are sorted on the disk: a row takes some five times as much in a table, and a buffer pool has 128 MB.
_SORTED_FROM_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A header that fits its dataset, and the rows; None among them stands for a step on the way to the next one."""

    header: Header
    #: What accounts for the lines of the file; None where only its changes are read.
    lines: AccountedSource | None
    windows: Iterable[Window | None]
    #: What reads the file, where all its bytes are read as they stand.
    source: FingerprintedFile | None = None


def open_changes(changes: Changes, dataset: Dataset) -> Opened:
    """Open what changed since an earlier edition of a plain file. FileRefused where the header does not fit."""
    header = match_header(_cells(next(iter(RecordReader(BytesIO(changes.header))), None)), dataset)
    records = _key_order(header, dataset).sort(changes.records)
    return Opened(header=header, lines=None, windows=[RecordsOfText.of(records)])


def open_as_planned(file: IO[bytes], plan: ReadPlan, dataset: Dataset) -> Opened:
    """Open a file of any format, as it stands. FileRefused where its header does not fit."""
    if not plan.has_header and dataset.read.header_lines is None:
        check_nameless(plan.open(file), dataset)
    table = plan.open(file)
    return Opened(header=header_of(table, plan, dataset), lines=table, windows=[table])


def open_plain(file: IO[bytes], dataset: Dataset, *, is_one_chunk: bool, folder: Path, sorting: SortingTurns) -> Opened:
    """Open a plain file, its rows in the order of their keys; those of one chunk are put in order by the writer.

    `folder` is where a large one is sorted. FileRefused where its header does not fit.
    """
    file.seek(0)
    source = FingerprintedFile(file, dataset)
    reader = RecordReader(source)
    records = iter(reader)
    first = next(records, None)
    header = match_header(_cells(first), dataset)
    if is_one_chunk:
        _name_header(reader, first)
        return Opened(header=header, lines=reader, windows=[RestOfFile(reader, records)], source=source)
    file.seek(0)
    source = FingerprintedFile(file, dataset)
    order, width, runs = _key_order(header, dataset), len(header.names), Runs(source)
    _name_header(runs, first)
    if os.fstat(file.fileno()).st_size < _SORTED_FROM_BYTES:
        windows: Iterable[Window | None] = ordered_windows(file, runs, order, width=width)
    else:
        windows = sorted_windows(file, runs, order, width=width, folder=folder, turns=sorting)
    return Opened(header=header, lines=runs, windows=windows, source=source)


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
