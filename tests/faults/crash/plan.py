"""Which trials this layer is made of: points, passages and variants."""

from collections.abc import Iterator, Mapping, Sequence

from tests.faults.crash.counting import count_passages
from tests.faults.crash.points import Point
from tests.faults.crash.stage import Servers
from tests.faults.crash.trial import Trial, Variant
from tests.faults.crash.workload import Workload, draw_workload

#: What is tried where nobody asks for anything else. Of two writers, the last passage is often the other one's.
USUAL_PASSAGES: Mapping[Variant, Sequence[str]] = {
    Variant.ONCE: ("first", "middle", "last"),
    Variant.AGAIN: ("middle",),
    Variant.TWO_WRITERS: ("first", "middle"),
}


class NeverPassed(Exception):
    """A run without faults does not come by a point: it guards nothing."""


class Plan:
    """Makes trials; an undisturbed run of each kind tells how many passages there are."""

    def __init__(self, servers: Servers, *, seed: int) -> None:
        self._servers = servers
        self._workloads = {only_adds: draw_workload(seed, only_adds=only_adds) for only_adds in (False, True)}
        self._counts: dict[tuple[bool, bool], Mapping[str, int]] = {}

    def trials(self, points: Sequence[Point], variant: Variant, passages: Sequence[str]) -> Iterator[Trial]:
        """Yield the trials of these points; passages are words or numbers, and the same one is tried once."""
        for point in points:
            if variant is Variant.TWO_WRITERS and point.service != "writer":
                continue
            for passage in sorted({self._number(point, variant, word) for word in passages}):
                yield Trial(point=point, passage=passage, variant=variant, workload=self._workload(point))

    def _number(self, point: Point, variant: Variant, passage: str) -> int:
        if passage.isdigit():
            return int(passage)
        count = self._count(point, variant)
        return {"first": 1, "middle": (count + 1) // 2, "last": count}[passage]

    def _count(self, point: Point, variant: Variant) -> int:
        kind = (_only_adds(point), variant is Variant.TWO_WRITERS)
        if kind not in self._counts:
            self._counts[kind] = count_passages(self._servers, self._workload(point), writers=2 if kind[1] else 1)
        count = self._counts[kind][point.full_name]
        if not count:
            raise NeverPassed(point.full_name)
        return count

    def _workload(self, point: Point) -> Workload:
        return self._workloads[_only_adds(point)]


def _only_adds(point: Point) -> bool:
    """Around the summary it matters most that no count ever falls; around rows that they are edited."""
    return point.service == "aggregator"
