"""The rounds of a watcher: it looks at folders and ledger when that is due, publishes in between, and waits."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from services.extractor.round_robin import WriterQueue
from services.extractor.settings import WatcherConfig
from services.watcher.claiming.inbox import InboxEvents
from services.watcher.watcher import Watcher
from shared.model.errors import TransientError
from shared.runtime.clock import Clock
from shared.runtime.files import DataFolder
from shared.runtime.lifecycle import report_failure
from shared.storage.store import Store

#: After a look, other work has its turn for this many times as long as the look took.
_REST = 4


class InboxHints(Protocol):
    """A source of hints about changes in the inbox; it may miss some. InboxEvents is one."""

    def follow_folders(self) -> None:
        """Tell of the folders, too, that are there now."""

    def wait(self, seconds: float, /) -> tuple[bool, set[str]]:
        """Wait; return whether something happened, and the files that were renamed into the inbox."""

    def wake(self) -> None:
        """End the wait. Any thread may call it."""

    def close(self) -> None:
        """Stop giving hints."""


class RescanSchedule:
    """At intervals, and soon after something happened; but looking never takes more than a fifth of the time."""

    def __init__(self, interval_seconds: float, *, clock: Clock = time) -> None:
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._next = self._rested = 0.0

    @property
    def seconds_left(self) -> float:
        """How long it is until the next look; 0 if it is due."""
        return max(0.0, self._next - self._clock.monotonic())

    def hurry(self) -> None:
        """Something happened: look as soon as it is fair."""
        self._next = min(self._next, self._rested)

    @contextmanager
    def look(self) -> Iterator[None]:
        """Take the time of a look. One that fails stays due."""
        began = self._clock.monotonic()
        yield
        ended = self._clock.monotonic()
        self._next = ended + self._interval_seconds
        self._rested = ended + _REST * (ended - began)


def nothing() -> None:
    """Do nothing else at a look."""


class Rounds:
    """One watcher and its inbox, for as long as they are used. Not thread-safe, but for `wake`."""

    def __init__(
        self,
        *,
        folder: DataFolder,
        store: Store,
        queue: WriterQueue,
        config: WatcherConfig,
        hints: InboxHints | None = None,
        at_each_look: Callable[[], None] = nothing,
        clock: Clock = time,
    ) -> None:
        self._folder = folder
        self._store = store
        self._queue = queue
        self._config = config
        self._clock = clock
        self._hints = InboxEvents(folder.inbox, use_kernel=config.watch == "auto") if hints is None else hints
        self._at_each_look = at_each_look
        self._watcher: Watcher | None = None
        self._renamed_in: set[str] = set()
        self._schedule = RescanSchedule(config.rescan_seconds, clock=clock)

    @property
    def watcher(self) -> Watcher:
        """The watcher; it reads the ledger when it is made, so a lost database delays it."""
        if self._watcher is None:
            self._watcher = Watcher(
                folder=self._folder, store=self._store, queue=self._queue, config=self._config, clock=self._clock
            )
        return self._watcher

    def turn(self) -> bool:
        """Look if it is time to, and publish one message; say whether there was one, or a step on the way to it."""
        if not self._schedule.seconds_left:
            self.look()
        return self.watcher.publish()

    def look(self) -> None:
        """Look at the folders and the ledger now."""
        self._hear(0.0)
        # Of this look only, even if it fails: at the next one, another file may be on its way under the same name.
        renamed_in, self._renamed_in = self._renamed_in, set()
        with self._schedule.look():
            self.watcher.rescan(renamed_in)
            self._hints.follow_folders()
            self._at_each_look()

    def wait(self) -> None:
        """Wait until the next look is due or something happens in the inbox, a second at most."""
        self._hear(self._schedule.seconds_left)

    def hear(self) -> None:
        """Take note of what has happened in the inbox."""
        self._hear(0.0)

    def hurry(self) -> None:
        """A load is complete: look as soon as it is fair."""
        self._schedule.hurry()

    def wake(self) -> None:
        """End the wait, and look as soon as it is fair. Any thread may call it."""
        self._hints.wake()

    def hold_back(self, message: str) -> None:
        """Record with the loads that they wait for the broker, if the ledger can be written."""
        if self._watcher is None:
            return
        try:
            self._watcher.hold_back("broker-unavailable", message)
        except TransientError as error:
            report_failure(error, 0.0)

    def close(self) -> None:
        """Close all files. What is in processing/ is taken up by the next watcher."""
        if self._watcher is not None:
            self._watcher.close()
        self._hints.close()

    def _hear(self, seconds: float) -> None:
        has_happened, renamed_in = self._hints.wait(seconds)
        self._renamed_in |= renamed_in
        if has_happened:
            self._schedule.hurry()
