"""The schedule on which dead letters are retried, derived from the tries recorded in their headers. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from shared.runtime.version import program_version

_ATTEMPTS, _TRIED_AT, _VERSION = "x-inflow-attempts", "x-inflow-tried-at", "x-inflow-version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """How often a message was dead-lettered, when last, and by which version of the program."""

    attempts: int = 0
    #: Time of the last try, in seconds since 1970.
    tried_at: int = 0
    #: The version that dead-lettered it, if only another version may succeed; else None.
    version: str | None = None

    @classmethod
    def of(cls, headers: Mapping[str, Any] | None) -> Self:
        """Read a message's headers; missing headers, and values that Inflow did not write, count as no try."""
        known = headers or {}
        return cls(
            attempts=_number(known.get(_ATTEMPTS)),
            tried_at=_number(known.get(_TRIED_AT)),
            version=str(known[_VERSION]) if _VERSION in known else None,
        )

    @property
    def headers(self) -> dict[str, Any]:
        """The headers that record these tries."""
        version = {} if self.version is None else {_VERSION: self.version}
        return {_ATTEMPTS: self.attempts, _TRIED_AT: self.tried_at, **version}

    def failed(self, *, now: float, version: str | None) -> "Tries":
        """Return these tries and one more that failed now."""
        return Tries(attempts=self.attempts + 1, tried_at=int(now), version=version)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """The pauses between the tries of a dead letter: each is twice the previous one, up to the longest."""

    first_pause_seconds: float = 60.0
    longest_pause_seconds: float = 3600.0
    program_version: str = field(default_factory=program_version)

    def due_at(self, tries: Tries) -> float:
        """Return when the next try is due, in seconds since 1970; infinity if it needs another version."""
        if tries.version is not None:
            return math.inf if tries.version == self.program_version else 0.0
        return tries.tried_at + self._pause_after(tries.attempts)

    def _pause_after(self, attempts: int) -> float:
        doublings = min(max(attempts - 1, 0), 62)
        return min(self.first_pause_seconds * (1 << doublings), self.longest_pause_seconds)


def _number(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
