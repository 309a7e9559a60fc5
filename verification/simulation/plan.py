"""The plan of a seed: the number of processes, the kinds and number of faults, the settings and the drops."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Self

from services.extractor.settings import WatcherConfig
from shared.extraction.chunks import ChunkBounds
from verification.drops import Drop, draw_drops
from verification.editions import draw_editions

_FAULT_RATES = (0.001, 0.003, 0.006, 0.012)
#: Share of seeds in which files are new versions of each other.
_EDITIONS = 0.4
#: How long most waiting users wait, and their share if files are not versions of each other.
_MEAN_PATIENCE, _PATIENT = 30, 0.4
#: Longer than any run, so that published loads must complete without being published again.
_NEVER = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The settings of one seed."""

    only_adds: bool
    #: How often the broker loses all its messages.
    wipes: int
    writers: int
    aggregators: int
    fault_rate: float
    config: WatcherConfig
    drops: Sequence[Drop]
    #: For how many turns the user waits for the loads of earlier drops; 0 for a user who never waits.
    mean_patience: int = 0

    @classmethod
    def draw(cls, random: Random) -> Self:
        """Generate a plan."""
        only_adds = random.random() < 0.5
        wipes = random.choice((1, 2)) if random.random() < 0.25 else 0
        is_impatient = wipes > 0 or random.random() < 0.1
        plan = cls(
            only_adds=only_adds,
            wipes=wipes,
            writers=random.randint(1, 3),
            aggregators=random.randint(1, 2),
            fault_rate=random.choice(_FAULT_RATES),
            config=WatcherConfig(
                bounds=ChunkBounds(rows=random.randint(2, 4), bytes=1 << 20),
                settle_seconds=random.choice((0.0, 1.0)),
                backlog_messages=random.choice((2, 100)),
                republish_seconds=random.choice((1.0, 10.0)) if is_impatient else _NEVER,
                watch="poll",
            ),
            drops=draw_drops(random, count=random.randint(2, 5), most_rows=12, only_adds=only_adds),
            mean_patience=_MEAN_PATIENCE if random.random() < _PATIENT else 0,
        )
        return plan._with_editions(random) if random.random() < _EDITIONS else plan

    def _with_editions(self, random: Random) -> Self:
        """Return the plan with files that are similar to, and compared with, earlier ones."""
        drops = draw_editions(random, count=random.randint(3, 6), most_rows=12, only_adds=self.only_adds)
        config = replace(self.config, compare_from_bytes=0)
        return replace(self, config=config, drops=drops, mean_patience=_MEAN_PATIENCE)
