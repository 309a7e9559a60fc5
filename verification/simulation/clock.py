"""Simulated time, which passes only when the simulation advances it."""

from datetime import UTC, datetime, tzinfo

#: In the future, but representable in every file system: the times set by the simulated user are then a file's latest,
#: and the file settles by them.
_BEGIN = 2_100_000_000.0


class Clock:
    """Replaces the module `time` and, with its `now`, the class `datetime`."""

    def __init__(self) -> None:
        self._seconds = _BEGIN

    @property
    def elapsed_seconds(self) -> float:
        """Simulated seconds since the run began."""
        return self._seconds - _BEGIN

    def advance(self, seconds: float) -> None:
        """Advance the time."""
        self._seconds += seconds

    def time(self) -> float:
        return self._seconds

    def monotonic(self) -> float:
        return self._seconds

    def now(self, zone: tzinfo = UTC) -> datetime:
        return datetime.fromtimestamp(self._seconds, zone)
