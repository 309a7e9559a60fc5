"""The health file, which a service touches after work that needed its servers."""

import os
import stat
import time
from pathlib import Path

from shared.model.errors import FolderUnavailable
from shared.runtime.files import open_kept

#: How often a service touches its file, and how old the file may be before the service counts as unhealthy.
BEAT_SECONDS = 5.0
SILENCE_SECONDS = 60.0


class Health:
    """Touches the health file; does nothing without a path."""

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def beat(self) -> None:
        """Record that the service works; raises FolderUnavailable if the file can't be touched."""
        if self._path is None:
            return
        try:
            with open_kept(self._path) as file:
                os.utime(file.fileno())
        except OSError as error:
            raise FolderUnavailable(f"the health file can't be touched: {error}") from error


def is_healthy(path: Path) -> bool:
    """Whether the file was touched recently. A symbolic link never counts."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime < SILENCE_SECONDS
