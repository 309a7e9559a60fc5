"""The progress of a load as observed in the database: rows applied, and the longest time without any."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.support.repeating import repeating

_PAUSE_SECONDS = 0.5


class Progress:
    """Rows dropped, and rows applied according to the database at each look, which may be unable to answer."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed_at = clock()
        self.dropped = 0
        self.applied = 0
        self.longest_stall_seconds = 0.0

    @property
    def stall_seconds(self) -> float:
        """The time in seconds for which rows have been in flight and none was applied."""
        return 0.0 if self.is_done() else self._clock() - self._changed_at

    def is_done(self) -> bool:
        """Whether all rows dropped so far are applied."""
        return self.applied >= self.dropped

    def note_dropped(self, rows: int) -> None:
        """Record that more rows are in flight."""
        if self.is_done():
            self._changed_at = self._clock()
        self.dropped += rows

    def note_applied(self, rows: int | None) -> None:
        """Record the number of rows applied now; None means that the database does not answer."""
        if rows is None or rows <= self.applied:
            return
        # Before the first row, the services start.
        if self.applied:
            self.longest_stall_seconds = max(self.longest_stall_seconds, self.stall_seconds)
        self._changed_at, self.applied = self._clock(), rows


def watching(progress: Progress, ask: Callable[[], int | None]) -> AbstractContextManager[None]:
    """Observe the database several times a second until the block ends."""
    return repeating(lambda: progress.note_applied(ask()), pause_seconds=_PAUSE_SECONDS, name="progress")
