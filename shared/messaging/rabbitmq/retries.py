"""When a dead letter is tried again by itself, by what its headers say of the tries before. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from shared.runtime.version import program_version

_ATTEMPTS, _TRIED_AT, _VERSION = "x-inflow-attempts", "x-inflow-tried-at", "x-inflow-version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often a message was given up, when last (seconds since 1970), and whether only another program may help."""

    attempts: int = 0
    tried_at: int = 0
    #: The version of the program that gave it up, where only another one may come to another end.
    version: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, Any] | None) -> Self:
        """Read the headers of a message; one without them, or with values that are not ours, was never tried."""
        known = headers or {}
        return cls(
            attempts=_number(known.get(_ATTEMPTS)),
            tried_at=_number(known.get(_TRIED_AT)),
            version=str(known[_VERSION]) if _VERSION in known else None,
        )

    @property
    def headers(self) -> dict[str, Any]:
        """The same as headers."""
        version = {} if self.version is None else {_VERSION: self.version}
        return {_ATTEMPTS: self.attempts, _TRIED_AT: self.tried_at, **version}

    def failed(self, *, now: float, version: str | None) -> "Tries":
        """Add a try that ended now."""
        return Tries(attempts=self.attempts + 1, tried_at=int(now), version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """The pauses between the tries of a dead letter: each is twice the one before, up to the longest."""

    first_pause_seconds: float = 60.0
    longest_pause_seconds: float = 3600.0
    program_version: str = field(default_factory=program_version)

    def due_at(self, tries: Tries) -> float:
        """Return when the next try is due, in seconds since 1970; infinity where it takes another program."""
        if tries.version is not None:
            return math.inf if tries.version == self.program_version else 0.0
        return tries.tried_at + self._pause_after(tries.attempts)

    def _pause_after(self, attempts: int) -> float:
        doublings = min(max(attempts - 1, 0), 62)
        return min(self.first_pause_seconds * (1 << doublings), self.longest_pause_seconds)


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
