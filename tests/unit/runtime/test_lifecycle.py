import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from tenacity import stop_after_attempt

from shared.model.errors import ConcurrentInsert, DatabaseUnavailable, MalformedMessage, TablesUnusable
from shared.runtime.lifecycle import (
    MAX_BACKOFF_SECONDS,
    MAX_PAUSE_AFTER_CONFLICT_SECONDS,
    SideTask,
    Stop,
    retry,
    run_together,
    stop_on_signals,
)
from tests.support.eventually import MAX_WAIT_SECONDS

REPOSITORY = Path(__file__).parents[3]
SIGNALS = [signal.SIGTERM, signal.SIGINT]

WAITS_FOR_A_STOP = """
from shared.runtime.lifecycle import stop_on_signals
with stop_on_signals() as stop:
    print("waiting", flush=True)
    stop.wait()
    print("stopping", flush=True)
    stop.clear()
    stop.wait()
"""
HANGS_WHEN_STOPPED = """
import threading
from shared.runtime.lifecycle import stop_on_signals
with stop_on_signals(within_seconds=0.2) as stop:
    print("waiting", flush=True)
    threading.Event().wait()
"""
#: Nearly always in the middle of a wait, in which it holds the event's lock.
LOOKS_FOR_A_STOP_ALL_THE_TIME = """
from shared.runtime.lifecycle import stop_on_signals
with stop_on_signals(within_seconds=1000) as stop:
    print("waiting", flush=True)
    while not stop.wait(0):
        pass
"""


class NoPause(threading.Event):
    """A stop request that records the waits instead of waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses_seconds: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses_seconds.append(timeout or 0)
        return self.is_set()


def failing(times: int, error: Exception) -> Callable[[], str]:
    """Return an action that fails `failures` times before it succeeds."""
    left = iter(range(times))

    def action() -> str:
        for _ in left:
            raise error
        return "done"

    return action


@contextmanager
def running(code: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "waiting\n"
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_requests_a_stop(number: signal.Signals) -> None:
    with stop_on_signals() as stop:
        os.kill(os.getpid(), number)

        assert stop.wait(MAX_WAIT_SECONDS)


@pytest.fixture
def own_handler() -> Iterator[Callable[[int, FrameType | None], None]]:
    """Install our own handler for the signals that stop a process."""

    def handle(number: int, frame: FrameType | None) -> None:
        pytest.fail(f"signal {number}")

    before = {number: signal.signal(number, handle) for number in SIGNALS}
    yield handle
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_handlers_of_signals_are_as_before_afterwards(
    own_handler: Callable[[int, FrameType | None], None], number: signal.Signals
) -> None:
    with stop_on_signals() as stop:
        os.kill(os.getpid(), number)
        assert stop.wait(MAX_WAIT_SECONDS)

    assert [signal.getsignal(each) for each in SIGNALS] == [own_handler, own_handler]


@pytest.mark.parametrize("second", SIGNALS)
def test_the_second_signal_kills(second: signal.Signals) -> None:
    with running(WAITS_FOR_A_STOP) as process:
        process.send_signal(signal.SIGTERM)
        assert process.stdout is not None
        assert process.stdout.readline() == "stopping\n"

        process.send_signal(second)

        assert process.wait(MAX_WAIT_SECONDS) == -second


@pytest.mark.parametrize("number", SIGNALS)
def test_a_process_that_hangs_during_a_stop_is_ended_in_time(number: signal.Signals) -> None:
    with running(HANGS_WHEN_STOPPED) as process:
        process.send_signal(number)

        assert process.wait(MAX_WAIT_SECONDS) == 0


@pytest.mark.parametrize("attempt", range(5))
def test_a_signal_in_the_middle_of_a_wait_does_not_hang_the_process(attempt: int) -> None:
    """It once did in more than half of all tries: the handler waited for a lock that its own thread held."""
    with running(LOOKS_FOR_A_STOP_ALL_THE_TIME) as process:
        process.send_signal(signal.SIGTERM)

        assert process.wait(MAX_WAIT_SECONDS) == 0


def test_an_action_is_retried_until_it_succeeds() -> None:
    failures: list[tuple[str, float]] = []
    stop = NoPause()

    result = retry(
        failing(12, DatabaseUnavailable("away")),
        stop=stop,
        on_failure=lambda error, pause_seconds: failures.append((str(error), pause_seconds)),
    )

    assert result == "done"
    assert failures == [("away", pause_seconds) for pause_seconds in stop.pauses_seconds]
    assert len(failures) == 12


def test_pauses_grow_up_to_a_limit() -> None:
    stop = NoPause()

    retry(failing(200, DatabaseUnavailable("away")), stop=stop, on_failure=lambda *_: None)

    assert stop.pauses_seconds[0] <= 0.2
    assert stop.pauses_seconds[1] <= 0.4
    assert max(stop.pauses_seconds) <= MAX_BACKOFF_SECONDS
    assert max(stop.pauses_seconds) > MAX_BACKOFF_SECONDS / 2


def test_pauses_after_a_conflict_stay_short() -> None:
    stop = NoPause()

    retry(failing(40, ConcurrentInsert("key")), stop=stop, on_failure=lambda *_: None)

    assert 0 < max(stop.pauses_seconds) <= MAX_PAUSE_AFTER_CONFLICT_SECONDS


def test_a_stop_ends_retries_with_the_last_error() -> None:
    stop = threading.Event()

    with pytest.raises(DatabaseUnavailable, match="away"):
        retry(failing(1000, DatabaseUnavailable("away")), stop=stop, on_failure=lambda *_: stop.set())


def test_a_stop_ends_a_pause_at_once() -> None:
    """The pauses after this many failures would take minutes."""
    stop = threading.Event()
    failures = []

    def stop_at_the_twelfth(error: BaseException, pause_seconds: float) -> None:
        failures.append(pause_seconds)
        stop.set()

    with pytest.raises(DatabaseUnavailable):
        retry(failing(1000, DatabaseUnavailable("away")), stop=stop, on_failure=stop_at_the_twelfth)

    assert len(failures) == 1


@pytest.mark.parametrize("error", [MalformedMessage("no"), ZeroDivisionError("no")])
def test_other_errors_are_not_retried(error: Exception) -> None:
    with pytest.raises(type(error), match="no"):
        retry(failing(1, error), stop=NoPause(), on_failure=_unexpected)


def test_a_caller_may_choose_the_errors_to_retry() -> None:
    action = failing(3, TablesUnusable("gone"))

    assert retry(action, stop=NoPause(), on_failure=lambda *_: None, retried=TablesUnusable) == "done"


def test_a_caller_may_end_retries_earlier() -> None:
    with pytest.raises(DatabaseUnavailable):
        retry(
            failing(3, DatabaseUnavailable("away")),
            stop=NoPause(),
            on_failure=lambda *_: None,
            until=stop_after_attempt(3),
        )


def test_each_failure_is_logged_by_default(caplog: pytest.LogCaptureFixture) -> None:
    retry(failing(1, DatabaseUnavailable("away")), stop=NoPause())

    [record] = caplog.records
    assert record.getMessage() == "away; trying again"
    assert vars(record)["error"] == "DatabaseUnavailable"
    assert vars(record)["pause_seconds"] <= 0.2


def test_the_failure_of_a_side_task_requests_a_stop_and_is_raised_by_finish() -> None:
    stop = threading.Event()
    task = SideTask(failing(1, ZeroDivisionError("oops")), stop=stop, name="side")  # type: ignore[arg-type]

    task.start()

    assert stop.wait(MAX_WAIT_SECONDS)
    with pytest.raises(ZeroDivisionError, match="oops"):
        task.finish()


def test_a_side_task_that_succeeds_requests_no_stop() -> None:
    stop = threading.Event()
    task = SideTask(lambda: None, stop=stop, name="side")

    task.start()
    task.finish()

    assert not stop.is_set()


def test_a_stop_reaches_its_parts_but_not_the_other_way_round() -> None:
    stop = Stop()
    with stop.part() as one, stop.part() as other:
        one.set()
        assert (stop.is_set(), one.is_set(), other.is_set()) == (False, True, False)

        waiting = SideTask(lambda: _wait_for(other), stop=Stop(), name="waits")
        waiting.start()
        stop.set()
        waiting.finish()

    with stop.part() as late:
        assert late.is_set()


def _wait_for(stop: threading.Event) -> None:
    assert stop.wait(MAX_WAIT_SECONDS)


def test_parallel_actions_have_all_ended_before_a_failure_is_raised() -> None:
    """The code that handles the failure must not run beside the remaining actions."""
    stop = threading.Event()
    ended: list[str] = []

    def works() -> None:
        _wait_for(stop)
        ended.append("works")

    def fails() -> None:
        raise ZeroDivisionError("oops")

    with pytest.raises(ZeroDivisionError, match="oops"):
        run_together([fails, works], stop=stop, name="test")

    assert ended == ["works"]


def _unexpected(*arguments: Any) -> None:
    pytest.fail(f"tried again: {arguments}")
