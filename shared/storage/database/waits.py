"""Says when a server keeps us waiting: once after ten seconds, and once when it is over."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.runtime.logs import facts

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0


@dataclass(slots=True)
class _Wait:
    """What a thread waits for, since when, and whether that was said."""

    what: str
    since: float
    is_said: bool = False


class Waits:
    """What the threads of this process wait for at one server.

    A thread of its own looks at them, as whoever waits can't say so; the first wait starts it.
    """

    def __init__(self, server: str, *, said_after_seconds: float = 10.0) -> None:
        self._server = server
        self._said_after_seconds = said_after_seconds
        self._waits: dict[int, _Wait] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watched(self, what: str) -> Iterator[None]:
        """Watch what this thread waits for in the block; a wait inside another one belongs to the outer one."""
        thread = threading.get_ident()
        if thread in self._waits:
            yield
            return
        wait = _Wait(what, time.monotonic())
        with self._lock:
            self._waits[thread] = wait
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="database-waits", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                del self._waits[thread]
            if wait.is_said:
                self._say("the database server %s no longer keeps us waiting for %s", "waited", wait)

    def close(self) -> None:
        """Watch no more."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(min(_LOOK_SECONDS, self._said_after_seconds)):
            with self._lock:
                said_before = time.monotonic() - self._said_after_seconds
                for wait in self._waits.values():
                    if wait.since <= said_before and not wait.is_said:
                        wait.is_said = True
                        self._say("still waiting for the database server %s: %s", "waiting", wait)

    def _say(self, message: str, action: str, wait: _Wait) -> None:
        seconds = round(time.monotonic() - wait.since, 1)
        _log.warning(
            message, self._server, wait.what, extra=facts(action, server=self._server, what=wait.what, seconds=seconds)
        )
