"""Reports long waits for a server: once after ten seconds, and once when the wait is over."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from shared.runtime.logs import facts

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0

#: The maximum time that a server may take to accept a connection.
CONNECT_TIMEOUT_SECONDS = 5
#: The maximum time that a statement may take before the connection counts as lost. A large merge on a slow machine
#: takes minutes, and aborting it would only start it again. A long wait is reported after ten seconds, and the socket
#: detects within 30 seconds that a peer is gone (connections.py).
ANSWER_TIMEOUT_SECONDS = 300
#: The maximum age of a pooled connection: if an address moves and old connections are not cut, a connection that only
#: reads would stay with the old server, which refuses nothing.
POOL_RECYCLE_SECONDS = 300


@dataclass(slots=True)
class _Wait:
    """What a thread waits for, since when, and whether that was reported."""

    what: str
    since: float
    is_reported: bool = False


class Waits:
    """The waits of this process's threads for one server.

    A separate thread watches them, because a waiting thread can't report; the first wait starts it.
    """

    def __init__(self, server: str, *, reported_after_seconds: float = 10.0) -> None:
        self._server = server
        self._reported_after_seconds = reported_after_seconds
        self._waits: dict[int, _Wait] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @contextmanager
    def watched(self, what: str) -> Iterator[None]:
        """Watch what this thread waits for in the block; a nested wait counts as part of the outer one."""
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
            if wait.is_reported:
                self._report("no longer waiting for the database server %s: %s", "waited", wait)

    def close(self) -> None:
        """Stop watching."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._closed.wait(min(_LOOK_SECONDS, self._reported_after_seconds)):
            with self._lock:
                reported_before = time.monotonic() - self._reported_after_seconds
                for wait in self._waits.values():
                    if wait.since <= reported_before and not wait.is_reported:
                        wait.is_reported = True
                        self._report("still waiting for the database server %s: %s", "waiting", wait)

    def _report(self, message: str, action: str, wait: _Wait) -> None:
        seconds = round(time.monotonic() - wait.since, 1)
        _log.warning(
            message, self._server, wait.what, extra=facts(action, server=self._server, what=wait.what, seconds=seconds)
        )
