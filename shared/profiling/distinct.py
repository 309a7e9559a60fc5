"""Counts distinct values in bounded memory: exactly while they are few, else from the smallest of their hashes."""

import math
from collections.abc import Iterable

from shared.profiling.profile import Distinct

_HASHES = 2**64


class DistinctCounter:
    """Keeps the k smallest hashes (a KMV sketch, Bar-Yossef et al. 2002).

    Hashes are spread evenly, so that the k-th smallest of n lies near k/n of their range. Up to 2k distinct hashes
    are all kept, and the count is exact.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._smallest: set[int] = set()
        #: Hashes from here on are left out.
        self._limit = _HASHES

    def add(self, hashes: Iterable[int]) -> None:
        """Take in hashes, seen before or not."""
        limit = self._limit
        self._smallest.update(number for number in hashes if number < limit)
        if len(self._smallest) > 2 * self._capacity:
            self._shrink()

    def result(self) -> Distinct:
        """Return the count, or an estimate with its error."""
        if self._limit == _HASHES:
            return Distinct(count=len(self._smallest))
        self._shrink()
        estimate = (self._capacity - 1) * _HASHES / self._limit
        # Two standard errors of the estimate.
        return Distinct(count=round(estimate), error=2 / math.sqrt(self._capacity - 2))

    def _shrink(self) -> None:
        kept = sorted(self._smallest)[: self._capacity]
        self._smallest = set(kept)
        self._limit = kept[-1] + 1
