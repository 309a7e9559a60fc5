"""Runs many seeds in several processes, each with a database and a folder of its own."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from verification.simulation.database import SimulatedDatabase
from verification.simulation.run import Result, run_seed

#: A folder in memory if there is one, because no seed needs a disk.
_MEMORY = Path("/dev/shm")
_SEEDS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Workshop:
    """A database and a folder that are reused for one seed after the other."""

    database: SimulatedDatabase
    root: Path

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Self]:
        """Yield one, and remove everything at the end."""
        memory = _MEMORY if _MEMORY.is_dir() else None
        with tempfile.TemporaryDirectory(dir=memory) as folder, closing(SimulatedDatabase()) as database:
            yield cls(database, Path(folder) / "data")

    def run(self, seed: int, *, is_traced: bool = False) -> Result:
        """Run one seed."""
        return run_seed(seed, database=self.database, root=self.root, is_traced=is_traced)


@dataclass(slots=True, kw_only=True)
class Totals:
    """The totals of some seeds."""

    seeds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    failures: dict[int, Sequence[str]] = field(default_factory=dict)
    #: Of the seed with the longest time from the last fault to the end.
    most_rounds: int = 0
    most_seconds: float = 0.0

    @classmethod
    def of(cls, result: Result) -> Self:
        """Return the totals of one seed."""
        return cls(
            seeds=1,
            faults=result.faults,
            failures={result.seed: result.problems} if result.problems else {},
            most_rounds=result.rounds,
            most_seconds=result.calm_seconds,
        )

    def add(self, other: "Totals") -> None:
        """Add the totals of other seeds."""
        self.seeds += other.seeds
        self.faults += other.faults
        self.failures |= other.failures
        self.most_rounds = max(self.most_rounds, other.most_rounds)
        self.most_seconds = max(self.most_seconds, other.most_seconds)


def run_all(seeds: Sequence[int], *, jobs: int) -> Iterator[Totals]:
    """Run seeds in parallel; yield the totals of each batch, in order."""
    batches = [seeds[first : first + _SEEDS_AT_ONCE] for first in range(0, len(seeds), _SEEDS_AT_ONCE)]
    pool = ProcessPoolExecutor(jobs)
    try:
        yield from pool.map(run_batch, batches)
    finally:
        pool.shutdown(cancel_futures=True)


def run_batch(seeds: Iterable[int]) -> Totals:
    """Run seeds one after the other."""
    totals = Totals()
    with Workshop.open() as workshop:
        for seed in seeds:
            totals.add(Totals.of(workshop.run(seed)))
    return totals
