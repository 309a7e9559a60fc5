"""Reads the summary a hundred times a second, as any reader might, while services end and start."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.repeating import repeating
from verification.summary_watch import SummaryWatch

_PAUSE_SECONDS = 0.01


@contextmanager
def looking_at(summary: Path, watch: SummaryWatch) -> Iterator[None]:
    """Pass the summary to the watch repeatedly until the block ends, and once after it."""

    def look() -> None:
        watch.look(_content(summary))

    try:
        with repeating(look, pause_seconds=_PAUSE_SECONDS, name="looks"):
            yield
    finally:
        look()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
