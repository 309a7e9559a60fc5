"""Checks that all values of a stream differ, by their hashes."""

from array import array
from collections.abc import Iterable

_PARTS = 64
#: Number of hashes at the first check for duplicates; each further check follows when their number has doubled.
_FIRST_CHECK = 16_384


class Uniqueness:
    """Keeps every hash, in 8 bytes, until a duplicate is found.

    Different values with the same hash count as duplicates; among ten million values, the probability of that is one in
    a hundred thousand.
    """

    def __init__(self) -> None:
        self.is_unique = True
        self.size = 0
        self._next_check = _FIRST_CHECK
        self._parts = [array("q") for _ in range(_PARTS)]

    def add(self, hashes: Iterable[int]) -> None:
        """Add signed 64-bit hashes."""
        parts = self._parts
        for number in hashes:
            parts[number % _PARTS].append(number)
            self.size += 1
        if self.size >= self._next_check:
            self.check()
            self._next_check = 2 * self.size

    def check(self) -> None:
        """Check for duplicates, part by part: a set of all hashes would need ten times the memory."""
        if not all(len(set(part)) == len(part) for part in self._parts):
            self.is_unique = False
            self.forget()

    def forget(self) -> None:
        """Free the memory."""
        self.size = 0
        self._parts = [array("q") for _ in range(_PARTS)]
