"""Gives out the rows of a large file a window at a time, in the order of their keys.

A table that is larger than the database's buffer pool is read from the disk for every row whose neighbours were not
inserted just before. So rows that are neighbours in the table go into the same chunk, and such chunks follow each
other. Of files that make a smaller table it is enough if each window is in order.
"""

import errno
import os
import shutil
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO

from services.extractor.sorting.external_sort import ExternalSort
from services.extractor.sorting.key_order import KeyOrder
from services.extractor.sorting.runs import Runs
from shared.extraction.chunks import RecordsOfText, RestOfFile, Window
from shared.extraction.record_blocks import Records
from shared.reading.blocks import BOM
from shared.reading.csv.records import RecordReader

#: What is sorted at a time: more takes more room, more memory, and more patience of whoever waits for a turn.
_SECTION_BYTES = 1 << 30
#: Beside its text, a record has a few numbers on the disk.
_ROOM_FACTOR = 2


class SortingTurns:
    """Lets one file at a time be sorted, in the order in which they came: it takes memory, and room on the disk."""

    def __init__(self) -> None:
        self._queue: deque[object] = deque()

    def has_turn(self, user: object) -> bool:
        """Whether it is this one's turn; if not, it waits from now on."""
        if user not in self._queue:
            self._queue.append(user)
        return self._queue[0] is user

    def end(self, user: object) -> None:
        """Let the next one have its turn."""
        if user in self._queue:
            self._queue.remove(user)


def ordered_windows(file: IO[bytes], runs: Runs, order: KeyOrder, *, width: int) -> Iterator[Window]:
    """Yield the rows of a file behind its header, which have `width` columns, each window in order.

    `runs` read the file from its start. From the first window on whose records can't be told from each other, what
    is left comes in the order of the file.
    """
    yield from map(RecordsOfText.of, map(order.sort, runs))
    yield from _rest(file, runs, width)


def sorted_windows(
    file: IO[bytes], runs: Runs, order: KeyOrder, *, width: int, folder: Path, turns: SortingTurns
) -> Iterator[Window | None]:
    """Yield the same in one order, or each gigabyte of it. None: this was a step on the way to the next window.

    It is sorted in a file without a name in this folder. Raises OSError where the disk has no room for it.
    """
    waiting = iter(runs)
    section_bytes = min(_SECTION_BYTES, os.fstat(file.fileno()).st_size)
    try:
        while not runs.is_at_end:
            while not turns.has_turn(runs):
                yield None
            _check_room(folder, _ROOM_FACTOR * section_bytes)
            yield from _sorted_section(waiting, folder, order)
            turns.end(runs)
    finally:
        turns.end(runs)
    yield from _rest(file, runs, width)


def _sorted_section(waiting: Iterator[Records], folder: Path, order: KeyOrder) -> Iterator[Window | None]:
    with closing(ExternalSort(folder, order)) as section:
        yield from section.add(waiting, until_bytes=_SECTION_BYTES)
        yield from map(RecordsOfText.of, section.windows())


def _check_room(folder: Path, wanted_bytes: int) -> None:
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < wanted_bytes:
        needed, there = wanted_bytes >> 20, free_bytes >> 20
        raise OSError(
            errno.ENOSPC, f"to sort the file takes {needed} MiB on the disk of the data folder, {there} are free"
        )


def _rest(file: IO[bytes], runs: Runs, width: int) -> Iterator[Window]:
    """What is left where the runs were cut short."""
    if not runs.is_cut_short:
        return
    file.seek(0)
    has_marks = file.read(len(BOM)) == BOM
    file.seek(runs.end_offset)
    reader = RecordReader(file, width=width, skips_marks=has_marks)
    records = iter(reader)
    if not runs.end_offset:
        next(records, None)  # the header
    runs.rest = reader
    yield RestOfFile(reader, records, lines_before=runs.end_line)
    runs.skipped.add_all(reader.skipped, lines_before=runs.end_line)
