"""The plan of a seed: its files, its services, and the times of its nemeses. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from verification.chaos.nemesis import Nemesis
from verification.drops import Drop, draw_drops
from verification.editions import draw_editions

#: Duration of the phase in which files are dropped and nemeses run.
LOAD_SECONDS = 10.0
#: Services take a moment to start; no nemesis runs before.
_FIRST_BLOW_SECONDS = 2.0
_FILES = (14, 20)
#: Rows per chunk and maximum rows per file: many chunks in flight, or chunks that lock many rows for a long time.
_SIZES = ((5, 300), (15, 300), (50, 600), (500, 3000))
_BLOWS = (4, 6)
#: Every other file is dropped this shortly before a nemesis, because a nemesis without work in progress proves little.
_SHORTLY_SECONDS = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """A nemesis with its time and its own random numbers."""

    at_seconds: float
    nemesis: Nemesis
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The plan of one run."""

    seed: int
    only_adds: bool
    #: When each file is dropped.
    drops: Sequence[tuple[float, Drop]]
    blows: Sequence[Blow]
    services: Sequence[str]
    chunk_rows: int
    backlog_messages: int

    @property
    def loses_messages(self) -> bool:
        """Whether the broker loses confirmed messages."""
        return any(blow.nemesis.loses_messages for blow in self.blows)

    @property
    def compares_all(self) -> bool:
        """Whether every file, however small, is compared with an earlier edition."""
        return _has_editions(self.seed)

    @property
    def fills_disk(self) -> bool:
        """Whether the data folder must be on a small file system of its own."""
        return any(blow.nemesis.fills_disk for blow in self.blows)


def draw_plan(seed: int, nemeses: Sequence[Nemesis]) -> Plan:
    """Generate a run. In any series of as many seeds as there are nemeses, each nemesis runs at least once."""
    random = Random(seed)
    only_adds = seed % 2 == 0
    chunk_rows, most_rows = random.choice(_SIZES)
    draw = draw_editions if _has_editions(seed) else draw_drops
    drops = draw(random, count=random.randint(*_FILES), most_rows=most_rows, only_adds=only_adds)
    struck_by = [nemeses[seed % len(nemeses)], *random.choices(nemeses, k=random.randint(*_BLOWS) - 1)]
    blows = [
        Blow(at_seconds=random.uniform(_FIRST_BLOW_SECONDS, LOAD_SECONDS), nemesis=nemesis, seed=random.getrandbits(32))
        for nemesis in struck_by
    ]
    times = sorted(_draw_time(random, blows) for _ in drops)
    return Plan(
        seed=seed,
        only_adds=only_adds,
        drops=list(zip(times, drops, strict=True)),
        blows=sorted(blows, key=lambda blow: blow.at_seconds),
        services=("watcher", *["writer"] * random.randint(2, 3), "aggregator", "aggregator"),
        chunk_rows=chunk_rows,
        backlog_messages=random.choice((5, 100)),
    )


def _has_editions(seed: int) -> bool:
    return seed % 3 == 1


def _draw_time(random: Random, blows: Sequence[Blow]) -> float:
    if random.random() < 0.5:
        return random.uniform(0, LOAD_SECONDS)
    return random.choice(blows).at_seconds - random.uniform(0, _SHORTLY_SECONDS)
