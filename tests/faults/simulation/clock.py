"""Simulated time: it passes only where the simulation lets it."""

from datetime import UTC, datetime, tzinfo

#: In the past of every file system: a file's own change time is then never what settles it.
_BEGIN = 1_600_000_000.0


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
