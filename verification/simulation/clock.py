"""Simulated time: it passes only where the simulation lets it."""

from datetime import UTC, datetime, tzinfo

#: In the future of every file system, and still a time that all of them keep: the times that the user sets are then the
#: latest of a file, and it settles by them.
_BEGIN = 2_100_000_000.0


class Clock:
    """Stands in for the modules `time` and, by its `now`, for the class `datetime`."""

    def __init__(self) -> None:
        self._seconds = _BEGIN

    @property
    def elapsed_seconds(self) -> float:
        """Simulated seconds since the run began."""
        return self._seconds - _BEGIN

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._seconds += seconds

    def time(self) -> float:
        return self._seconds

    def monotonic(self) -> float:
        return self._seconds

    def now(self, zone: tzinfo = UTC) -> datetime:
        return datetime.fromtimestamp(self._seconds, zone)
