"""Waits for facts: the only place in the tests that sleeps."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Short relative to the waits, long relative to the cost of asking.
PAUSE_SECONDS = 0.05
#: Longer than anything takes, except on a machine that is temporarily slow.
MAX_WAIT_SECONDS = 60.0


class StillNot(AssertionError):
    """The fact did not become true in time."""


def eventually(
    predicate: Callable[[], T],
    *,
    timeout_seconds: float = MAX_WAIT_SECONDS,
    message: str = "",
    pause_seconds: float = PAUSE_SECONDS,
) -> T:
    """Ask until the answer is true, and return it; fail with the last answer seen."""
    deadline = time.monotonic() + timeout_seconds
    while not (answer := predicate()):
        if time.monotonic() > deadline:
            raise StillNot(f"{message or 'not true'} after {timeout_seconds} s; last seen: {answer!r}")
        time.sleep(pause_seconds)
    return answer
