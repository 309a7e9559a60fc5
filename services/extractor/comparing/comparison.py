"""Compares a file with an earlier edition of it, record by record, whatever the position of a record. Pure.

Both are read side by side, once. What has found no match yet is kept, and little of it: editions are much alike.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import ne

from shared.extraction.record_blocks import Incomparable, RecordBlock, Records, are_sound
from shared.runtime.steps import Steps

#: The most memory for records without a match, each with what Python needs beside its text.
_MAX_UNMATCHED_BYTES = 40 << 20
_BESIDE_TEXT_BYTES = 150

_NONE = Records([], [])


@dataclass(slots=True)
class FileDifference:
    """What a file has that its base has not, and the other way round."""

    header: bytes = b""
    #: Records that only the file has, with the line on which each begins.
    changed: dict[bytes, int] = field(default_factory=dict)
    #: Records that only the base has.
    removed: set[bytes] = field(default_factory=set)
    unchanged_count: int = 0


class _Side:
    """One of the two files: the records that were read and not compared yet."""

    def __init__(self, found: Iterator[RecordBlock]) -> None:
        self._found = found
        self._is_first = True
        self.header = b""
        self.block: RecordBlock | None = None
        self.left = _NONE

    def read(self) -> None:
        """Read a block, unless there are records left."""
        self.block = None
        if not self.left.texts:
            self.block = next(self._found, None)
            if self._is_first:
                self._take_header()

    def _take_header(self) -> None:
        if self.block is None:
            raise Incomparable("there is no header")
        self.header, self.block = self.block.without_header()
        self._is_first = False

    def records(self) -> Records:
        """Return what is left, or was just read."""
        return self.left if self.block is None else self.block.split()


class Comparison:
    """Finds the difference, one block after the other.

    No two records of the base are the same. Those on its `rejected_lines` count as missing there: they are not rows.
    Raises Incomparable where records can't be told from each other, or too much is different.
    """

    def __init__(
        self, file: Iterator[RecordBlock], base: Iterator[RecordBlock], *, rejected_lines: frozenset[int] = frozenset()
    ) -> None:
        self._file = _Side(file)
        self._base = _Side(base)
        self._rejected_lines = rejected_lines
        self.difference = FileDifference()
        self._unmatched_bytes = 0

    def run(self) -> Steps[FileDifference]:
        """Compare a block of each at each step."""
        while self._advance():
            yield
        return self.difference

    def _advance(self) -> bool:
        """Compare a block more; False when there is none."""
        self._file.read()
        self._base.read()
        if self._file.header != self._base.header:
            raise Incomparable("the headers differ")
        self.difference.header = self._file.header
        ours, theirs = self._file.block, self._base.block
        if theirs is not None and not theirs.is_plain and not are_sound(theirs.split()):
            raise Incomparable("a quote stands where none belongs")
        if ours is not None and theirs is not None and ours.text == theirs.text and not self._has_rejected(theirs):
            self.difference.unchanged_count += ours.record_count
            return True
        return self._match(self._file.records(), self._base.records()) or ours is not None or theirs is not None

    def _match(self, ours: Records, theirs: Records) -> bool:
        """Match records at the same place first, as most of them are; then those that are not, with each other."""
        # Where one side has come to its end, there is nothing to wait for.
        count = min(len(ours.texts), len(theirs.texts)) or max(len(ours.texts), len(theirs.texts))
        (ours, self._file.left), (theirs, self._base.left) = _cut(ours, count), _cut(theirs, count)
        ours, theirs = self._without_pairs(ours, theirs)
        self.difference.removed.update(theirs.texts)
        self._unmatched_bytes += sum(map(len, ours.texts)) + sum(map(len, theirs.texts))
        self._look_up(ours)
        self._match_late(theirs)
        self._check_size()
        return count > 0

    def _has_rejected(self, theirs: RecordBlock) -> bool:
        return any(theirs.first_line <= line <= theirs.end_line for line in self._rejected_lines)

    def _without_pairs(self, ours: Records, theirs: Records) -> tuple[Records, Records]:
        """Leave out pairs that are the same; and of the base, what it had rejected."""
        rejected = self._rejected_lines.intersection(theirs.lines) if self._rejected_lines else frozenset()
        if not rejected and len(ours.texts) == len(theirs.texts):
            places = list(compress(range(len(ours.texts)), map(ne, ours.texts, theirs.texts)))
            self.difference.unchanged_count += len(ours.texts) - len(places)
            return _at(ours, places), _at(theirs, places)
        places = [place for place, line in enumerate(theirs.lines) if line not in rejected]
        return ours, _at(theirs, places)

    def _look_up(self, ours: Records) -> None:
        changed, removed = self.difference.changed, self.difference.removed
        for record, line in zip(ours.texts, ours.lines, strict=True):
            if record in removed:
                self._take_for_unchanged(record)
            elif record in changed:
                raise Incomparable("a row is there twice")
            else:
                changed[record] = line

    def _match_late(self, theirs: Records) -> None:
        """Match records of the base with those that stood further up in the file."""
        changed, removed = self.difference.changed, self.difference.removed
        for record in theirs.texts:
            if record in changed and record in removed:
                del changed[record]
                self._take_for_unchanged(record)

    def _take_for_unchanged(self, record: bytes) -> None:
        self.difference.removed.remove(record)
        self.difference.unchanged_count += 1
        self._unmatched_bytes -= 2 * len(record)

    def _check_size(self) -> None:
        count = len(self.difference.changed) + len(self.difference.removed)
        if self._unmatched_bytes + _BESIDE_TEXT_BYTES * count > _MAX_UNMATCHED_BYTES:
            raise Incomparable("too much is different")


def _cut(records: Records, count: int) -> tuple[Records, Records]:
    """Return the first `count` records, and the others."""
    if count == len(records.texts):
        return records, _NONE
    first = Records(records.texts[:count], records.lines[:count])
    return first, Records(records.texts[count:], records.lines[count:])


def _at(records: Records, places: Sequence[int]) -> Records:
    return Records([records.texts[place] for place in places], [records.lines[place] for place in places])
