"""What a trial is, and what comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from verification.crash.points import Point
from verification.crash.workload import Workload


class Variant(StrEnum):
    """How a run differs from the plain one."""

    ONCE = "once"
    #: While it recovers, the service ends once more, at the first passage of the same point.
    AGAIN = "again"
    #: Another writer works beside the one that ends.
    TWO_WRITERS = "two-writers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A point, the passage of it at which its service ends, and what the run is like."""

    point: Point
    passage: int
    variant: Variant
    workload: Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a trial."""

    trial: Trial
    problems: Sequence[str]
    #: How often the service ended at the point.
    kills: int = 0
    #: Passages of the point until the first kill, or in the whole run where it did not come to it.
    passed: int = 0
    seconds: float = 0.0
    #: What the services logged last, where something is wrong.
    logs: str = ""

    @property
    def status(self) -> Literal["held", "not reached", "failed"]:
        """How it ended; a passage that was not reached proves nothing."""
        if self.problems:
            return "failed"
        return "held" if self.kills else "not reached"
