"""Splits a file into runs: its records, as many at a time as fit into memory."""

from array import array
from collections.abc import Iterator
from itertools import chain

from shared.extraction.record_blocks import Incomparable, RecordBlock, Records, are_sound, end_last, read_blocks
from shared.reading.blocks import MAX_ROW_BYTES, Readable
from shared.reading.line_account import AccountedSource, SkippedLines

#: What a run of short rows needs in memory is about ten times as much.
_RUN_BYTES = 4 << 20
#: The first one is small and each is twice as large as the one before: writers have work to do early.
_FIRST_RUN_BYTES = 1 << 20


class Runs:
    """The records of a file behind its header.

    They end with the file, or where records can't be told from each other without reading their cells.
    """

    def __init__(self, source: Readable) -> None:
        """`source` reads the file from its start."""
        self._found = read_blocks(source, block_bytes=_FIRST_RUN_BYTES)
        #: How many bytes and lines of the file are before what they have not given out.
        self.end_offset = 0
        self.end_line = 0
        #: The lines before it that are not records.
        self.skipped = SkippedLines()
        #: What reads what is left, where they were cut short.
        self.rest: AccountedSource | None = None
        #: Whether the file has more, to be read in its own order.
        self.is_cut_short = False
        #: Whether there are no more of them.
        self.is_at_end = False

    @property
    def lines_read(self) -> int:
        """How many lines were read up to here."""
        return self.end_line + (self.rest.lines_read if self.rest is not None else 0)

    def __iter__(self) -> Iterator[Records]:
        """Read to the end."""
        try:
            # Nothing here holds on to what was given out: a run is in memory once, not twice.
            yield from map(self._run_of, self._batches())
        except Incomparable:
            self.is_cut_short = True
        self.is_at_end = True

    def _batches(self) -> Iterator[list[RecordBlock]]:
        """Put blocks together as large as a run, the first one without the header."""
        batch: list[RecordBlock] = []
        wanted_bytes = min(_FIRST_RUN_BYTES, _RUN_BYTES)
        for number, block in enumerate(self._found):
            batch.append(block.without_header()[1] if number == 0 else block)
            if sum(len(each.text) for each in batch) >= wanted_bytes:
                yield batch
                batch = []
                wanted_bytes = min(2 * wanted_bytes, _RUN_BYTES)
        if batch:
            yield batch

    def _run_of(self, batch: list[RecordBlock]) -> Records:
        run, end = _records_of(batch), batch[-1]
        self.end_offset, self.end_line = end.end_offset, end.end_line
        for line in chain.from_iterable(block.blank_lines for block in batch):
            self.skipped.add(line, "blank")
        batch.clear()
        return run


def _records_of(batch: list[RecordBlock]) -> Records:
    texts: list[bytes] = []
    lines = array("q")
    for block in batch:
        records = block.split()
        _check(block, records)
        texts += records.texts
        lines.extend(records.lines)
    end_last(texts)
    return Records(texts, lines)


def _check(block: RecordBlock, records: Records) -> None:
    if max(map(len, records.texts), default=0) > MAX_ROW_BYTES or not (block.is_plain or are_sound(records)):
        raise Incomparable("a row is too long, or a quote stands where none belongs")
