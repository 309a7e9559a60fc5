"""Sorts more records than fit into memory: sorted runs are written to the disk in blocks, and merged block by block."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import suppress
from heapq import heappop, heappush
from itertools import accumulate, pairwise
from pathlib import Path
from struct import Struct
from tempfile import TemporaryFile
from typing import NamedTuple

from services.extractor.sorting.key_order import KeyOrder
from shared.extraction.record_blocks import Records
from shared.runtime.steps import Steps

#: The merge has up to a block of each run in memory beside what it gives out.
_BLOCK_BYTES = 16 << 10
#: What is merged at a time: half a run, since what is left from before comes to it.
_WINDOW_BYTES = 2 << 20
#: The part of a key that is compared to see which blocks come first.
_PREFIX_BYTES = 200
#: The head of a block: the length of its first key's beginning, the number of records, the number of bytes of text.
_HEAD = Struct("=HIQ")


class _Block(NamedTuple):
    """Records of one run: no later one of that run comes before them."""

    first_key: bytes
    offset: int
    record_count: int
    text_bytes: int
    end_of_run: int


class ExternalSort:
    """Takes runs of records, and gives all of them out in order, the same for the same runs.

    Its file has no name: whatever is killed when, nothing is left of it.
    """

    def __init__(self, folder: Path, order: KeyOrder) -> None:
        self._order = order
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - as long as this object
        #: A heap: of each run the block that comes next.
        self._blocks: list[_Block] = []
        self._left = Records([], array("q"))
        #: How much text it was given.
        self.text_bytes = 0

    def add(self, runs: Iterator[Records], *, until_bytes: int) -> Steps[None]:
        """Sort runs and write them, one at each step, until it has this much text.

        OSError where they can't be written.
        """
        for run in map(self._order.sort, runs):
            begin = self._file.tell()
            for block in _cut(run):
                self._write(block)
            # It is in memory for no longer than this step.
            del run
            self._file.flush()
            end = self._file.tell()
            self._find_block(begin, end)
            self._file.seek(end)
            yield
            if self.text_bytes >= until_bytes:
                return

    def windows(self) -> Iterator[Records]:
        """Yield all records, as many at a time as fit into memory. OSError if they can't be read."""
        while self._blocks:
            yield self._next_window()

    def close(self) -> None:
        """Give up the file, and with it the room on the disk."""
        with suppress(OSError):  # what could not be written is of no use any more
            self._file.close()

    def _write(self, records: Records) -> None:
        text = b"".join(records.texts)
        first_key = self._prefix(records.texts[0])
        self._file.write(_HEAD.pack(len(first_key), len(records.texts), len(text)))
        self._file.write(first_key)
        self._file.write(array("q", records.lines))
        self._file.write(array("q", map(len, records.texts)))
        self._file.write(text)
        self.text_bytes += len(text)

    def _find_block(self, offset: int, end_of_run: int) -> None:
        """Read the head of the block there, if its run has one more."""
        if offset < end_of_run:
            self._file.seek(offset)
            key_bytes, record_count, text_bytes = _HEAD.unpack(self._file.read(_HEAD.size))
            first_key = self._file.read(key_bytes)
            heappush(self._blocks, _Block(first_key, self._file.tell(), record_count, text_bytes, end_of_run))

    def _next_window(self) -> Records:
        """Read the next blocks; what one still to be read may have something before is left for later."""
        texts, lines = self._left.texts, array("q", self._left.lines)
        wanted_bytes = _WINDOW_BYTES
        while self._blocks and wanted_bytes > 0:
            block = heappop(self._blocks)
            self._read(block, texts, lines)
            wanted_bytes -= block.text_bytes
        found = self._order.sort(Records(texts, lines))
        end = self._end_of_window(found.texts)
        self._left = Records(found.texts[end:], found.lines[end:])
        return Records(found.texts[:end], found.lines[:end])

    def _read(self, block: _Block, texts: list[bytes], lines: "array[int]") -> None:
        self._file.seek(block.offset)
        lines.fromfile(self._file, block.record_count)
        lengths = array("q")
        lengths.fromfile(self._file, block.record_count)
        text = self._file.read(block.text_bytes)
        texts += [text[begin:end] for begin, end in pairwise(accumulate(lengths, initial=0))]
        self._find_block(self._file.tell(), block.end_of_run)

    def _end_of_window(self, texts: list[bytes]) -> int:
        if not self._blocks:
            return len(texts)
        return bisect_right(texts, self._blocks[0].first_key, key=self._prefix)

    def _prefix(self, text: bytes) -> bytes:
        return self._order.keys([text])[0][:_PREFIX_BYTES]


def _cut(run: Records) -> Iterator[Records]:
    """Cut a run into blocks, none larger than it must be for its last record."""
    ends = list(accumulate(map(len, run.texts)))
    begin, begin_bytes = 0, 0
    while begin < len(ends):
        end = min(bisect_left(ends, begin_bytes + _BLOCK_BYTES) + 1, len(ends))
        yield Records(run.texts[begin:end], run.lines[begin:end])
        begin, begin_bytes = end, ends[end - 1]
