"""The data folder, its locks, and atomic writes. Symbolic links are never followed."""

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shared.model.errors import FolderUnavailable

#: Neither follow a link nor wait for the other end of a pipe that was put in a file's place.
_CAUTIOUS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
READ_FLAGS = os.O_RDONLY | _CAUTIOUS
_NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CAUTIOUS
_KEPT_FLAGS = os.O_RDWR | os.O_CREAT | _CAUTIOUS
#: Restricted by the process's umask.
_MODE = 0o666

#: Only temporary files have such names. In an inbox, files whose names begin with a dot are never claimed.
_TEMPORARY = re.compile(r"\.inflow-[0-9a-f]{16}\.tmp")

_FOLDERS = ("inbox", "processing", "archive", "rejected")


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The folder for incoming files and for results."""

    root: Path

    @property
    def inbox(self) -> Path:
        """The folder into which users drop files."""
        return self.root / "inbox"

    @property
    def processing(self) -> Path:
        """The folder of claimed files, until their load is complete."""
        return self.root / "processing"

    @property
    def archive(self) -> Path:
        """The folder of files whose load is complete in the database."""
        return self.root / "archive"

    @property
    def rejected(self) -> Path:
        """The folder of refused files, and of one rejects file per load with rejected rows."""
        return self.root / "rejected"

    @property
    def database(self) -> Path:
        """The SQLite database of embedded mode."""
        return self.root / "inflow.db"

    def create(self) -> None:
        """Create the folders that are missing."""
        for name in _FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def lock(self, name: str) -> "FileLock":
        """Return the lock of one kind of process on this folder."""
        return FileLock(self.root / f".{name}.lock")


class FileLock:
    """An advisory lock on a file, released when the process that holds it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; return whether it is held. Raises FolderUnavailable or OSError."""
        if self._file is None:
            file = open_kept(self._path)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            self._file = file
        return True

    def release(self) -> None:
        """Release the lock; does nothing if it is not held."""
        if self._file is not None:
            self._file.close()
            self._file = None


def open_kept(path: Path) -> IO[bytes]:
    """Open a file that is never replaced, such as a lock's, creating it if needed.

    Raises FolderUnavailable if something else has its name, and OSError if it can't be opened.
    """
    try:
        descriptor = os.open(path, _KEPT_FLAGS, _MODE)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise
        raise _not_a_file(path) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _not_a_file(path)
    return os.fdopen(descriptor, "r+b", buffering=0)


def _not_a_file(path: Path) -> FolderUnavailable:
    found = "a link" if path.is_symlink() else "not a regular file"
    return FolderUnavailable(f"{path} is {found}; expected a file that Inflow creates there: remove it")


def read_whole(path: Path) -> bytes | None:
    """Return the content of a file of ours; None if it is missing or not a regular file."""
    try:
        descriptor = os.open(path, READ_FLAGS)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            raise
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file's content: readers see the old or the new content as a whole, even after a crash."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that replaces `path` at the end; on an exception nothing changes.

    A link at `path` is replaced, not followed. `remove_leftovers` removes the temporary files of killed processes.
    """
    file, temporary = new_temporary(path.parent)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def new_temporary(folder: Path) -> tuple[IO[bytes], Path]:
    """Create a file with a random name, to be written and then renamed; it is locked while it is open."""
    path = folder / f".inflow-{secrets.token_hex(8)}.tmp"
    file = os.fdopen(os.open(path, _NEW_FLAGS, _MODE), "wb")
    # Some file systems have no locks; leftovers are not removed there.
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX)
    return file, path


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder; raises OSError if the disk fails."""
    for name in os.listdir(folder):
        if _TEMPORARY.fullmatch(name):
            try:
                _remove_unlocked(folder / name)
            except OSError as error:
                # Another process is writing it or has just renamed it, or it is not a file of ours.
                if error.errno == errno.EIO:
                    raise


def _remove_unlocked(path: Path) -> None:
    with os.fdopen(os.open(path, READ_FLAGS), "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to disk, so that they survive a crash."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
