"""The data folder, locks on it, and files that are written whole or not at all. No link is ever written through."""

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

#: Neither follow a link nor wait for the other end of a pipe, whatever was put in a file's place.
_CAUTIOUS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
READ_FLAGS = os.O_RDONLY | _CAUTIOUS
_NEW_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CAUTIOUS
_KEPT_FLAGS = os.O_RDWR | os.O_CREAT | _CAUTIOUS
#: As the process's umask says.
_MODE = 0o666

#: No other name in a data folder looks so; and in an inbox, no file that begins with a dot is claimed.
_TEMPORARY = re.compile(r"\.inflow-[0-9a-f]{16}\.tmp")

_FOLDERS = ("inbox", "processing", "archive", "rejected")


@dataclass(frozen=True, slots=True)
class DataFolder:
    """Where files come in and results go out."""

    root: Path

    @property
    def inbox(self) -> Path:
        """Where users drop files."""
        return self.root / "inbox"

    @property
    def processing(self) -> Path:
        """Where claimed files stay until their load is complete."""
        return self.root / "processing"

    @property
    def archive(self) -> Path:
        """Where files go whose load is complete in the database."""
        return self.root / "archive"

    @property
    def rejected(self) -> Path:
        """Where refused files go, and one file of rejected rows per load that had any."""
        return self.root / "rejected"

    @property
    def database(self) -> Path:
        """The SQLite database of embedded mode."""
        return self.root / "inflow.db"

    def create(self) -> None:
        """Make the folders that are missing."""
        for name in _FOLDERS:
            (self.root / name).mkdir(parents=True, exist_ok=True)

    def lock(self, name: str) -> "FileLock":
        """Return the lock that one kind of process holds on this folder."""
        return FileLock(self.root / f".{name}.lock")


class FileLock:
    """An advisory lock on a file, gone with the process that holds it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Take the lock if it is free; say whether it is ours. FolderUnavailable where no file of ours can be."""
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
        """Give the lock back; nothing happens where it is not ours."""
        if self._file is not None:
            self._file.close()
            self._file = None


def open_kept(path: Path) -> IO[bytes]:
    """Open a file that keeps its place, such as that of a lock, and create it where there is none.

    FolderUnavailable where something else is in its place; OSError where it can't be opened.
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
    return FolderUnavailable(f"{path} is {found}, and Inflow keeps a file of its own there; remove it")


def read_whole(path: Path) -> bytes | None:
    """Return what a file of ours has; None where there is none, or something else in its place."""
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
    """Write a file so that a reader sees the old one or the new one, whole, whatever is killed when."""
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that takes the place of `path` at the end; on an exception nothing changes.

    A link at that name is replaced itself. What a killed process leaves behind, `remove_leftovers` removes.
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
    """Create a file of a random name, to be written and then renamed; it is locked as long as it is open."""
    path = folder / f".inflow-{secrets.token_hex(8)}.tmp"
    file = os.fdopen(os.open(path, _NEW_FLAGS, _MODE), "wb")
    # Some file systems have no locks; no leftovers are removed there.
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX)
    return file, path


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files that killed processes left in a folder. OSError where the disk does not let us."""
    for name in os.listdir(folder):
        if _TEMPORARY.fullmatch(name):
            try:
                _remove_unlocked(folder / name)
            except OSError as error:
                # Another process may be writing it, or may have renamed it by now; or it is not a file of ours.
                if error.errno == errno.EIO:
                    raise


def _remove_unlocked(path: Path) -> None:
    with os.fdopen(os.open(path, READ_FLAGS), "rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()


def sync_folder(path: Path) -> None:
    """Make the entries of a folder last through a crash."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
