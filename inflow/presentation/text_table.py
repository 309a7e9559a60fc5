"""Tables and ages as text."""

from collections.abc import Collection, Sequence
from datetime import datetime

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def text_table(rows: Sequence[Sequence[str]], *, numeric: Collection[int]) -> list[str]:
    """Return a line for each row, its cells in columns as wide as the widest; numeric columns end at their right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if position in numeric else cell.ljust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def age(since: datetime, now: datetime) -> str:
    """Return the time between two moments in its largest whole unit: `40 s`, `3 min`, `5 h`, `2 d`."""
    seconds = max(0, int((now - since).total_seconds()))
    for unit_seconds, unit in _UNITS:
        if seconds >= unit_seconds:
            return f"{seconds // unit_seconds} {unit}"
    return f"{seconds} s"
