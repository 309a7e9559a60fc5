"""The current time, as the ledger stores it and as messages carry it."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time as the ledger stores it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def instant_now() -> datetime:
    """Return the time as messages carry it: UTC, with its zone."""
    return datetime.now(UTC)
