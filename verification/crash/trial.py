"""Trials and their results."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from verification.crash.points import Point
from verification.crash.workload import Workload


class Variant(StrEnum):
    """A variant of the plain run."""

    ONCE = "once"
    #: During its recovery, the service is killed again, at the first passage of the same point.
    AGAIN = "again"
    #: Another writer works beside the one that is killed.
    TWO_WRITERS = "two-writers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A point, the passage at which its service is killed, and the variant of the run."""

    point: Point
    passage: int
    variant: Variant
    workload: Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result of a trial."""

    trial: Trial
    problems: Sequence[str]
    #: Number of kills at the point.
    kills: int = 0
    #: Passages of the point until the first kill, or in the whole run if there was none.
    passed: int = 0
    seconds: float = 0.0
    #: The last log lines of the services, if there is a problem.
    logs: str = ""

    @property
    def status(self) -> Literal["held", "not reached", "failed"]:
        """The outcome; a passage that was not reached proves nothing."""
        if self.problems:
            return "failed"
        return "held" if self.kills else "not reached"
