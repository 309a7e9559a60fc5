"""Detects loads that make no progress although the queue is empty: the broker lost their messages."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from shared.runtime.clock import Clock
from shared.storage.ledger.loads import Load

#: The patience with a load doubles at most this often, so that one that never ends is not republished all day.
_MAX_DOUBLINGS = 6


@dataclass(slots=True)
class _Progress:
    """The time since which a published load has had the same count, and how often it was published again for that."""

    rows_done: int
    since: float
    tries: int = 0


class Standstills:
    """Keeps the progress of published loads."""

    def __init__(self, republish_seconds: float, *, clock: Clock = time) -> None:
        self._republish_seconds = republish_seconds
        self._clock = clock
        self._progress: dict[int, _Progress] = {}

    def note(self, published: Iterable[Load]) -> list[int]:
        """Take down how far these loads are; return those that have stood still for too long."""
        now = self._clock.monotonic()
        return [load.load_id for load in published if self._stands_still(load, now)]

    def begin_silence(self, load_ids: Iterable[int]) -> None:
        """Count from now: their messages wait in the queue, and what waits is not lost."""
        for load_id in load_ids:
            self._progress[load_id].since = self._clock.monotonic()

    def begin_again(self, load_id: int) -> None:
        """Have patience with a load that is published once more, for twice as long."""
        progress = self._progress[load_id]
        progress.since, progress.tries = self._clock.monotonic(), progress.tries + 1

    def forget(self, load_id: int) -> None:
        """Drop what is known of a load."""
        self._progress.pop(load_id, None)

    def _stands_still(self, load: Load, now: float) -> bool:
        progress = self._progress.setdefault(load.load_id, _Progress(load.rows_done, now))
        if progress.rows_done != load.rows_done:
            self._progress[load.load_id] = _Progress(load.rows_done, now)
            return False
        return now - progress.since >= self._republish_seconds * (1 << min(progress.tries, _MAX_DOUBLINGS))
