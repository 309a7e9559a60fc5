"""A health file that a service touches after work that needed its servers."""

import time
from pathlib import Path

#: How often a service touches its file, and after what silence it counts as unhealthy.
BEAT_SECONDS = 5.0
SILENCE_SECONDS = 60.0


class Health:
    """Touches the file; without a path it does nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def beat(self) -> None:
        """Say that the service works, right now."""
        if self._path is not None:
            self._path.touch()


def is_healthy(path: Path) -> bool:
    """Whether the file was touched lately."""
    try:
        return time.time() - path.stat().st_mtime < SILENCE_SECONDS
    except FileNotFoundError:
        return False
