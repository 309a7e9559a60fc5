"""Counts distinct values in bounded memory: exactly if there are few, otherwise estimated from their hashes."""

import math
from collections.abc import Iterable

from shared.profiling.profile import Distinct

_HASHES = 2**64


class DistinctCounter:
    """Keeps the k smallest hashes (a KMV sketch, Bar-Yossef et al. 2002).

    Hashes are evenly distributed, so that the k-th smallest of n lies near k/n of their range. Up to 2k distinct hashes
    are kept, and the count is exact.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._smallest: set[int] = set()
        #: Hashes from this value on are ignored.
        self._limit = _HASHES

    def add(self, hashes: Iterable[int]) -> None:
        """Add hashes, whether seen before or not."""
        limit = self._limit
        self._smallest.update(number for number in hashes if number < limit)
        if len(self._smallest) > 2 * self._capacity:
            self._shrink()

    def result(self) -> Distinct:
        """Return the exact count, or an estimate with its error."""
        if self._limit == _HASHES:
            return Distinct(count=len(self._smallest))
        self._shrink()
        estimate = (self._capacity - 1) * _HASHES / self._limit
        # The error is two standard errors of the estimate.
        return Distinct(count=round(estimate), error=2 / math.sqrt(self._capacity - 2))

    def _shrink(self) -> None:
        kept = sorted(self._smallest)[: self._capacity]
        self._smallest = set(kept)
        self._limit = kept[-1] + 1
