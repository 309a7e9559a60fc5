"""The schedule of the measurements."""

from collections.abc import Callable, Iterator
from functools import partial

from benchmarks.bench import Bench
from benchmarks.cases.loading import measure_loading
from benchmarks.cases.profile import measure_profile
from benchmarks.cases.rivals import measure_rivals
from benchmarks.cases.variations import (
    measure_embedded,
    measure_latency_with_few_rows,
    measure_scale,
    measure_small_files,
    measure_writers,
)
from benchmarks.names import INFLOW
from benchmarks.system import WrongResult
from tests.support.eventually import StillNot

_Measure = Callable[[Bench], None]

#: Cases that run one after the other on the same table.
_LOADING = frozenset({"first", "again", "changed", "latency"})
_REPEATED: dict[str, _Measure] = {
    "rivals": measure_rivals,
    "small": measure_small_files,
    "writers": measure_writers,
    "embedded": measure_embedded,
}
_ONCE: dict[str, _Measure] = {
    "latency": measure_latency_with_few_rows,
    "scale": measure_scale,
    "profile": measure_profile,
}


def measure(bench: Bench) -> None:
    """Run all requested cases; if one fails, the others continue.

    Rivals run right after each run of Inflow, because the machine's speed may change over time.
    """
    for name, run in _runs(bench):
        try:
            run(bench)
        except (WrongResult, StillNot) as error:
            bench.results.fail(case=name, subject=INFLOW, reason=str(error))


def _runs(bench: Bench) -> Iterator[tuple[str, _Measure]]:
    cases = bench.options.cases
    for number in range(1, bench.options.repeat + 1):
        if cases & _LOADING:
            is_last = number == bench.options.repeat
            yield "loading", partial(measure_loading, with_latency=is_last and "latency" in cases)
        yield from ((name, run) for name, run in _REPEATED.items() if name in cases)
    yield from ((name, run) for name, run in _ONCE.items() if name in cases)
