"""The files of a run: few and small, but enough to pass every crash point."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from random import Random

from verification.drops import Drop, draw_drops

#: Files dropped together, each time when all previous ones are done, so that passages come in nearly the same order.
_WAVES = (3, 2, 2, 2)
_MAX_ROWS = 12

#: Rows per chunk: most files have several chunks.
CHUNK_ROWS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Files in the order in which they are dropped."""

    drops: Sequence[Drop]
    #: Whether no count of the summary may ever fall.
    only_adds: bool

    def waves(self) -> Iterator[Sequence[Drop]]:
        """Yield the files that are dropped together."""
        drops = iter(self.drops)
        for size in _WAVES:
            yield list(islice(drops, size))


def draw_workload(service: str, *, seed: int) -> Workload:
    """Return the first workload from this seed on that has the files that a service's points need.

    For the summary it matters most that no count ever falls; for rows, that they are edited.
    """
    only_adds = service == "aggregator"
    drawn = (_draw(Random(number), only_adds=only_adds) for number in count(seed))
    drops = next(filter(_suffices, drawn))
    return Workload(drops=drops, only_adds=only_adds)


def _draw(random: Random, *, only_adds: bool) -> list[Drop]:
    return draw_drops(random, count=sum(_WAVES), most_rows=_MAX_ROWS, only_adds=only_adds)


def _suffices(drops: Sequence[Drop]) -> bool:
    """Whether there are files refused for their name and for their header, several with bad rows, and long ones."""
    reasons = {drop.refused for drop in drops if drop.refused is not None}
    with_bad_rows = [drop for drop in drops if any(len(cells) != len(drop.header) for cells in drop.rows.values())]
    long = [drop for drop in drops if len(drop.rows) > CHUNK_ROWS]
    return "no-dataset" in reasons and len(reasons) > 1 and len(with_bad_rows) > 2 and len(long) > len(drops) // 2
