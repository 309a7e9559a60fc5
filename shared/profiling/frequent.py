"""Counts the most frequent values in bounded memory: exactly if there are few distinct ones."""

from collections import Counter
from collections.abc import Collection, Mapping

from shared.profiling.printable import abbreviated, encodable
from shared.profiling.profile import Frequent, MostFrequent


class FrequentValues:
    """A Misra-Gries summary, merged batch by batch (Agarwal et al. 2012).

    A value with more than 1/(capacity + 1) of all occurrences is never missed. A count is never too high, and too low
    by at most `undercount`.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._counts: Counter[str] = Counter()
        self._undercount = 0

    def add(self, counts: Mapping[str, int]) -> None:
        """Add the counts of a batch."""
        for value, count in counts.items():
            self._counts[abbreviated(value)] += count
        if len(self._counts) > self._capacity:
            self._shrink()

    @property
    def counts(self) -> Mapping[str, int]:
        """The counts that are kept."""
        return self._counts

    def result(self, most: int, *, without: Collection[str] = ()) -> MostFrequent:
        """Return at most `most` values not in `without`, most frequent first, then in the order of their characters.

        Values counted no more often than the undercount are left out: others that were missed may be as frequent.
        """
        sure = [
            (value, count) for value, count in self._counts.items() if count > self._undercount and value not in without
        ]
        ordered = sorted(sure, key=lambda item: (-item[1], item[0]))
        return MostFrequent(
            values=tuple(Frequent(value=encodable(value), count=count) for value, count in ordered[:most]),
            undercount=self._undercount,
        )

    def _shrink(self) -> None:
        """Reduce all counts by the same number, so that at most `capacity` of them remain above zero."""
        excess = sorted(self._counts.values(), reverse=True)[self._capacity]
        self._undercount += excess
        self._counts = Counter({value: count - excess for value, count in self._counts.items() if count > excess})
