"""How long ago something was, for people."""

from datetime import datetime

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def age(since: datetime, now: datetime) -> str:
    """Return the time between two moments in its largest whole unit: `40 s`, `3 min`, `5 h`, `2 d`."""
    seconds = max(0, int((now - since).total_seconds()))
    for unit_seconds, unit in _UNITS:
        if seconds >= unit_seconds:
            return f"{seconds // unit_seconds} {unit}"
    return f"{seconds} s"
