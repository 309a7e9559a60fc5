"""A health file that a service touches after work that needed its servers."""

import time
from pathlib import Path

from shared.errors import FolderUnavailable

#: How often a service touches its file, and after what silence it counts as unhealthy.
BEAT_SECONDS = 5.0
SILENCE_SECONDS = 60.0


class Health:
    """Touches the file; without a path it does nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def beat(self) -> None:
        """Say that the service works, right now. FolderUnavailable where the file can't be touched."""
        if self._path is None:
            return
        try:
            self._path.touch()
        except OSError as error:
            raise FolderUnavailable(f"the health file can't be touched: {error}") from error


def is_healthy(path: Path) -> bool:
    """Whether the file was touched lately."""
    try:
        return time.time() - path.stat().st_mtime < SILENCE_SECONDS
    except FileNotFoundError:
        return False
