"""Opens files that users put somewhere: regular ones alone."""

import errno
import os
import stat
from pathlib import Path
from typing import IO

from shared.errors import FileRefused
from shared.files import READ_FLAGS


def open_regular(path: Path) -> IO[bytes]:
    """Open a file; FileRefused where something else took its place between the look and the claim."""
    try:
        descriptor = os.open(path, READ_FLAGS)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileRefused("not-a-regular-file", "found a link; expected a regular file") from error
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileRefused("not-a-regular-file", "found a folder, a pipe or a device; expected a regular file")
    return os.fdopen(descriptor, "rb")
