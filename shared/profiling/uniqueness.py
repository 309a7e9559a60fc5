"""Whether all values of a stream differ, known by their hashes."""

from array import array
from collections.abc import Iterable

_PARTS = 64
#: From so many hashes on they are looked through, and again whenever their number has doubled.
_FIRST_LOOK = 16_384


class Uniqueness:
    """Holds every hash, in 8 bytes, until one comes twice.

    Two values with the same hash would be taken for one: among ten million, a chance of one in a hundred thousand.
    """

    def __init__(self) -> None:
        self.is_unique = True
        self.size = 0
        self._next_look = _FIRST_LOOK
        self._parts = [array("q") for _ in range(_PARTS)]

    def add(self, hashes: Iterable[int]) -> None:
        """Take in hashes of 64 bits with a sign."""
        parts = self._parts
        for number in hashes:
            parts[number % _PARTS].append(number)
            self.size += 1
        if self.size >= self._next_look:
            self.look()
            self._next_look = 2 * self.size

    def look(self) -> None:
        """Look for hashes that are there twice, part by part: a set of all would take ten times as much."""
        if not all(len(set(part)) == len(part) for part in self._parts):
            self.is_unique = False
            self.forget()

    def forget(self) -> None:
        """Give the memory back."""
        self.size = 0
        self._parts = [array("q") for _ in range(_PARTS)]
