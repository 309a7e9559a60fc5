"""The current time, as the ledger stores it and as messages carry it."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Seconds, as the module `time` tells them, which is the clock where no other is given."""

    def time(self) -> float:
        """Return the seconds since the epoch."""

    def monotonic(self) -> float:
        """Return the seconds since some moment, never set back."""


def utc_now() -> datetime:
    """Return the time as the ledger stores it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def instant_now() -> datetime:
    """Return the time as messages carry it: UTC, with its zone."""
    return datetime.now(UTC)
