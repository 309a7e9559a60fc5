"""Compares a file with an earlier edition of it, record by record, wherever a record stands. Pure.

Both are read side by side, once. What has found no match yet is kept, and little of it: editions are much alike.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from services.watcher.stretches import Incomparable, Records, Stretch, are_sound

#: The most memory for records without a match, each with what Python needs beside its text.
_MOST_UNMATCHED_BYTES = 40 << 20
_BESIDE_TEXT_BYTES = 150


@dataclass(slots=True)
class Difference:
    """What a file has that its base has not, and the other way round."""

    header: bytes = b""
    #: Records of the file alone, with the line on which each begins.
    changed: dict[bytes, int] = field(default_factory=dict)
    #: Records of the base alone.
    removed: set[bytes] = field(default_factory=set)
    unchanged_count: int = 0


class Comparison:
    """Finds the difference, one stretch after the other.

    No two records of the base are the same. Those on `rejected_lines` of it count as missing there: they are no rows.
    Raises Incomparable where records can't be told from each other, or too much is different.
    """

    def __init__(
        self, file: Iterator[Stretch], base: Iterator[Stretch], *, rejected_lines: frozenset[int] = frozenset()
    ) -> None:
        self._file = file
        self._base = base
        self._rejected_lines = rejected_lines
        self._is_first = True
        self.difference = Difference()

    def advance(self) -> bool:
        """Compare a stretch more; False when there is none."""
        ours, theirs = next(self._file, None), next(self._base, None)
        if self._is_first:
            ours, theirs = self._without_headers(ours, theirs)
        if theirs is not None and not theirs.is_plain and not are_sound(theirs.split()):
            raise Incomparable("a quote stands where none belongs")
        self._match(ours, theirs)
        return ours is not None or theirs is not None

    def _without_headers(self, ours: Stretch | None, theirs: Stretch | None) -> tuple[Stretch, Stretch]:
        if ours is None or theirs is None:
            raise Incomparable("there is no header")
        self.difference.header, ours = ours.without_header()
        header, theirs = theirs.without_header()
        if header != self.difference.header:
            raise Incomparable("the headers differ")
        self._is_first = False
        return ours, theirs

    def _match(self, ours: Stretch | None, theirs: Stretch | None) -> None:
        rejected = self._rejected_in(theirs)
        if ours is not None and theirs is not None and ours.text == theirs.text and not rejected:
            self.difference.unchanged_count += ours.record_count
            return
        if theirs is not None:
            records = theirs.split()
            self.difference.removed.update(_without(records, rejected) if rejected else records.texts)
        if ours is not None:
            self._look_up(ours.split())
        self._match_late()
        self._check_size()

    def _look_up(self, ours: Records) -> None:
        changed, removed = self.difference.changed, self.difference.removed
        for record, line in zip(ours.texts, ours.lines, strict=True):
            if record in removed:
                removed.remove(record)
                self.difference.unchanged_count += 1
            elif record in changed:
                raise Incomparable("a row is there twice")
            else:
                changed[record] = line

    def _match_late(self) -> None:
        """Match records of the base with those that stood further up in the file."""
        changed, removed = self.difference.changed, self.difference.removed
        for record in changed.keys() & removed:
            del changed[record]
            removed.remove(record)
            self.difference.unchanged_count += 1

    def _rejected_in(self, theirs: Stretch | None) -> frozenset[int]:
        if theirs is None or not self._rejected_lines:
            return frozenset()
        return self._rejected_lines.intersection(theirs.split().lines)

    def _check_size(self) -> None:
        changed, removed = self.difference.changed, self.difference.removed
        size_bytes = sum(map(len, changed)) + sum(map(len, removed))
        if size_bytes + _BESIDE_TEXT_BYTES * (len(changed) + len(removed)) > _MOST_UNMATCHED_BYTES:
            raise Incomparable("too much is different")


def _without(records: Records, lines: frozenset[int]) -> list[bytes]:
    return [text for text, line in zip(records.texts, records.lines, strict=True) if line not in lines]
