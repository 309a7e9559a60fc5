"""Repeats an action in a thread while a block runs."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(action: Callable[[], object], *, pause_seconds: float, name: str) -> Iterator[None]:
    """Run an action in a thread of this name, with pauses, until the block ends."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(pause_seconds):
            action()

    thread = threading.Thread(target=repeat, name=name)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
