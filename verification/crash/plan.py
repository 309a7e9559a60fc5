"""The trials of this layer: points, passages and variants."""

from collections.abc import Iterator, Mapping, Sequence

from tests.support.services import SERVICES
from verification.crash.counting import count_passages
from verification.crash.environment import Servers
from verification.crash.points import Point
from verification.crash.trial import Trial, Variant
from verification.crash.workload import draw_workload

#: The default passages. With two writers, the last passage often occurs in the other one.
USUAL_PASSAGES: Mapping[Variant, Sequence[str]] = {
    Variant.ONCE: ("first", "middle", "last"),
    Variant.AGAIN: ("middle",),
    Variant.TWO_WRITERS: ("first", "middle"),
}


class NeverPassed(Exception):
    """A run without faults never passes a point, which therefore tests nothing."""


class Plan:
    """Generates trials; an undisturbed run of each kind gives the number of passages."""

    def __init__(self, servers: Servers, *, seed: int) -> None:
        self._servers = servers
        self._workloads = {service: draw_workload(service, seed=seed) for service in SERVICES}
        #: Passages by whether the workload only adds, and by the number of writers.
        self._counts: dict[tuple[bool, int], Mapping[str, int]] = {}

    def trials(self, points: Sequence[Point], variant: Variant, passages: Sequence[str]) -> Iterator[Trial]:
        """Yield the trials of these points; passages are words or numbers, and duplicates are left out."""
        for point in points:
            if variant is Variant.TWO_WRITERS and point.service != "writer":
                continue
            for passage in sorted({self._number(point, variant, word) for word in passages}):
                yield Trial(point=point, passage=passage, variant=variant, workload=self._workloads[point.service])

    def _number(self, point: Point, variant: Variant, passage: str) -> int:
        if passage.isdigit():
            return int(passage)
        count = self._count(point, variant)
        return {"first": 1, "middle": (count + 1) // 2, "last": count}[passage]

    def _count(self, point: Point, variant: Variant) -> int:
        workload = self._workloads[point.service]
        writers = 2 if variant is Variant.TWO_WRITERS else 1
        kind = (workload.only_adds, writers)
        if kind not in self._counts:
            self._counts[kind] = count_passages(self._servers, workload, writers=writers)
        count = self._counts[kind][point.full_name]
        # Of two writers, the other one may have passed it each time: a trial may still reach it.
        if not count and writers == 1:
            raise NeverPassed(point.full_name)
        return max(1, count)
