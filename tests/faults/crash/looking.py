"""Looks at the summary a hundred times a second, as any reader might, while services end and begin."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.summary_watch import SummaryWatch

_PAUSE_SECONDS = 0.01


@contextmanager
def looking_at(summary: Path, watch: SummaryWatch) -> Iterator[None]:
    """Let the watch see the summary until the block ends, and once more then."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(_PAUSE_SECONDS):
            watch.look(_content(summary))
        watch.look(_content(summary))

    looks = threading.Thread(target=look, name="looks")
    looks.start()
    try:
        yield
    finally:
        ended.set()
        looks.join()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
