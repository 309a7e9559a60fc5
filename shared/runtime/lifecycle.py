"""The lifecycle of a process: stop requests, retries with back-off, and threads whose failures are raised."""

import logging
import os
import signal
import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_never, wait_random, wait_random_exponential
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from shared.model.errors import ConcurrentInsert, FolderUnavailable, InflowError, TransientError
from shared.runtime.exit_codes import ExitCode
from shared.runtime.logs import facts

_log = logging.getLogger(__name__)

_T = TypeVar("_T")

#: The longest pause between two tries, with jitter.
MAX_BACKOFF_SECONDS = 15.0
#: Short: the transaction that inserted the key first has committed by the time the conflict is reported.
MAX_PAUSE_AFTER_CONFLICT_SECONDS = 0.1

#: Maximum duration of a stop. Kubernetes and our compose file kill after 30 seconds.
STOP_SECONDS = 20.0


class Stop(threading.Event):
    """A stop request that is passed on to its parts; a part may be stopped without the whole."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[Stop] = []

    def set(self) -> None:
        """Request the stop of this one and all its parts."""
        super().set()
        for part in list(self._parts):
            part.set()

    @contextmanager
    def part(self) -> Iterator["Stop"]:
        """Yield a stop request that is set with this one, but not the other way round."""
        part = Stop()
        self._parts.append(part)
        if self.is_set():
            part.set()
        try:
            yield part
        finally:
            self._parts.remove(part)


@contextmanager
def stop_on_signals(*, within_seconds: float = STOP_SECONDS) -> Iterator[Stop]:
    """Yield an event that the first SIGTERM or SIGINT sets; the second signal has its default effect.

    If the block is not left within `within_seconds` of the first signal, the process exits: it waits for a server that
    does not answer or blocks us, which may take minutes. As with a kill, nothing is lost.
    """
    stop, left = Stop(), threading.Event()
    previous = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def request_stop(_number: int, _frame: FrameType | None) -> None:
        for each in previous:
            signal.signal(each, signal.SIG_DFL)
        # In another thread: this one may hold the event's lock in the middle of a wait, and would deadlock with itself.
        start_new_thread(_stop, (stop, left, within_seconds))

    for number in previous:
        signal.signal(number, request_stop)
    try:
        yield stop
    finally:
        left.set()
        for number, handler in previous.items():
            signal.signal(number, handler)


def _stop(stop: threading.Event, left: threading.Event, within_seconds: float) -> None:
    stop.set()
    if not left.wait(within_seconds):
        _log.warning("a server does not answer; stopped without waiting for it", extra=facts("stopped_at_once"))
        logging.shutdown()
        os._exit(ExitCode.OK)


class SideTask(threading.Thread):
    """A thread whose failure is kept: it requests a stop, and `finish` raises it again."""

    def __init__(self, action: Callable[[], None], *, stop: threading.Event, name: str) -> None:
        super().__init__(name=name)
        self._action = action
        self._stop_event = stop
        self._failure: BaseException | None = None

    def run(self) -> None:
        """Run the action."""
        try:
            self._action()
        except BaseException as error:
            self._failure = error
            self._stop_event.set()

    def finish(self) -> None:
        """Wait for the end of the thread; raise the exception that ended it, if any."""
        self.join()
        if self._failure is not None:
            raise self._failure


def run_together(actions: Iterable[Callable[[], None]], *, stop: threading.Event, name: str) -> None:
    """Run actions in parallel and wait for all; a failure requests a stop, and the first one is raised."""
    tasks = [SideTask(action, stop=stop, name=name) for action in actions]
    for task in tasks:
        task.start()
    for task in tasks:
        task.join()
    for task in tasks:
        task.finish()


def _wait(stop: threading.Event, seconds: float) -> None:
    stop.wait(seconds)


class _BackOff(wait_base):
    """Exponential back-off with jitter, but short after a conflict."""

    def __init__(self) -> None:
        self._unavailable = wait_random_exponential(multiplier=0.2, max=MAX_BACKOFF_SECONDS)
        self._conflict = wait_random(max=MAX_PAUSE_AFTER_CONFLICT_SECONDS)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome is not None else None
        wait = self._conflict if isinstance(error, ConcurrentInsert) else self._unavailable
        return wait(retry_state)


class _StopRequested(stop_base):
    def __init__(self, event: threading.Event) -> None:
        self._event = event

    def __call__(self, retry_state: RetryCallState) -> bool:  # noqa: ARG002
        return self._event.is_set()


def report_failure(error: BaseException, pause_seconds: float) -> None:
    """Log a failure that will be retried."""
    _log.warning(
        "%s; trying again",
        error,
        extra=facts("dependency_failed", error=type(error).__name__, pause_seconds=round(pause_seconds, 2)),
    )


def retry(
    action: Callable[[], _T],
    *,
    stop: threading.Event,
    on_failure: Callable[[BaseException, float], None] = report_failure,
    until: stop_base = stop_never,
    retried: type[InflowError] | tuple[type[InflowError], ...] = TransientError,
) -> _T:
    """Run an action, with back-off, until it no longer raises TransientError or the errors given by `retried`.

    Raises the last error when a stop is requested or `until` ends the retries. `on_failure` is called with each error
    and the pause in seconds that follows it.
    """

    def report(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome is not None else None
        if error is not None:
            on_failure(error, state.upcoming_sleep)

    retrying = Retrying(
        retry=retry_if_exception_type(retried),
        wait=_BackOff(),
        stop=until | _StopRequested(stop),
        sleep=lambda seconds: _wait(stop, seconds),
        before_sleep=report,
        reraise=True,
    )
    return retrying(action)


@contextmanager
def on_folder() -> Iterator[None]:
    """Raise FolderUnavailable where work on the data folder raises OSError."""
    try:
        yield
    except OSError as error:
        raise FolderUnavailable(str(error)) from error


def retry_on_folder(action: Callable[[], _T], *, stop: threading.Event) -> _T:
    """Run an action on the data folder, retrying errors of the file system; a stop raises the last error."""
    return retry(on_folder()(action), stop=stop)
