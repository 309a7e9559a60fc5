"""The files that options of a command name, for it to write."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from shared.model.errors import ConfigurationError
from shared.runtime.files import replacing


@contextmanager
def output_file(path: Path) -> Iterator[IO[bytes]]:
    """Open what an option names: a file is replaced as a whole at the end, a pipe or a device is written to.

    ConfigurationError if a link leads to a file: another user may have put it there.
    """
    if _is_stream(path):
        with os.fdopen(os.open(path, os.O_WRONLY), "wb") as stream:
            yield stream
        return
    if path.is_symlink():
        raise ConfigurationError(f"{path} is a link; name the file that is to be written")
    with replacing(path) as file:
        yield file


def _is_stream(path: Path) -> bool:
    """Whether there is a pipe or a device, perhaps behind a link, as behind /dev/stderr."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)
