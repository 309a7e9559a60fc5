"""When to look at the folders and the ledger again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

#: After a look that took a while, others have their turn for so many times that while.
_REST = 4


class Pace:
    """At intervals, and soon after something happened; but looking never takes more than a fifth of the time."""

    def __init__(self, interval_seconds: float) -> None:
        self._interval_seconds = interval_seconds
        self._next = self._rested = 0.0

    @property
    def seconds_left(self) -> float:
        """How long it is until the next look; 0 if it is due."""
        return max(0.0, self._next - time.monotonic())

    def hurry(self) -> None:
        """Something happened: look as soon as it is fair."""
        self._next = min(self._next, self._rested)

    @contextmanager
    def look(self) -> Iterator[None]:
        """Take the time of a look. One that fails stays due."""
        began = time.monotonic()
        yield
        ended = time.monotonic()
        self._next = ended + self._interval_seconds
        self._rested = ended + _REST * (ended - began)
