"""The data folder, locks on it, and files that are written whole or not at all."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

#: To read what users put there: neither follow a link nor wait for the other end of a pipe in the file's place.
READ_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

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
        """Take the lock if it is free; say whether it is ours."""
        if self._file is None:
            file = self._path.open("ab")
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


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, whole, whatever is killed when.

    The temporary name is the same each time: what a killed process left behind is overwritten.
    """
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that takes the place of `path` at the end; on an exception nothing changes."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the entries of a folder last through a crash."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
