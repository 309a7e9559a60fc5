"""Opens files that come from users, if they are regular files, and detects whether one is still being written."""

import errno
import fcntl
import os
import signal
import stat
from pathlib import Path
from typing import IO

from shared.model.errors import FileRefused
from shared.runtime.files import READ_FLAGS


def open_regular(path: Path) -> IO[bytes]:
    """Open a file; FileRefused if something else took its place between the look and the claim."""
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


def is_open_for_writing(path: Path) -> bool:
    """Whether any process of this machine has a file open that it may still write to.

    The kernel knows: it gives a read lease on a file only where there is none. False where it does not tell: of files
    of other users, on network file systems, on other systems than Linux. OSError where the file can't be opened.
    """
    descriptor = os.open(path, READ_FLAGS)
    try:
        if not hasattr(fcntl, "F_SETLEASE"):
            return False
        # A process that opens the file for writing at this moment causes a signal: not SIGIO, which ends a process.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        # The lease goes with it.
        os.close(descriptor)
    return False
