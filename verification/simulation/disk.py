"""The real file system below the data folder, with a point at each call by a process."""

import errno
import fcntl
import io
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from unittest.mock import patch

from services.watcher.leaving.requeueing import rename_to_free_name
from verification.simulation.faults import (
    AFTER_RENAME,
    BEFORE_RENAME,
    FSYNC,
    LISTING,
    LOCK_AWAITED,
    OPEN,
    READ,
    UNLINK,
    WRITE,
    Point,
)
from verification.simulation.world import World

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

AnyPath = str | PathLike[str]


class Disk:
    """Replaces the product's calls of `os` and `io`. Calls from outside the product pass no point."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open, self._open_file = os.open, io.open
        self._rename, self._replace, self._unlink = os.rename, os.replace, os.unlink
        self._rename_to_free_name = rename_to_free_name
        self._listdir, self._scandir = os.listdir, os.scandir
        self._flock = fcntl.flock

    @contextmanager
    def interposed(self) -> Iterator[None]:
        """Install the points until the block ends."""
        with ExitStack() as undo:
            undo.enter_context(patch.object(io, "open", self.open_file))
            undo.enter_context(patch.object(fcntl, "flock", self.flock))
            for name in ("open", "rename", "replace", "unlink", "fsync", "listdir", "scandir"):
                undo.enter_context(patch.object(os, name, getattr(self, name)))
            yield

    def open(self, path: AnyPath, flags: int, *rest: Any, **options: Any) -> int:
        self._pass(OPEN)
        return self._open(path, flags, *rest, **options)

    def open_file(self, file: Any, mode: str = "r", *rest: Any, **options: Any) -> IO[Any]:
        if not self._world.is_process or mode not in ("rb", "wb"):
            return self._open_file(file, mode, *rest, **options)
        if not isinstance(file, int):
            self._pass(OPEN)
        raw = _File(self._world, file, mode)
        return io.BufferedReader(raw) if mode == "rb" else io.BufferedWriter(raw)

    def rename(self, source: AnyPath, target: AnyPath) -> None:
        self._pass(BEFORE_RENAME)
        self._rename(source, target)
        self._world.renamed(Path(source), Path(target))
        self._world.tell(f"renames {_name(source)} into {_name(target)}")
        self._pass(AFTER_RENAME)

    def rename_to_free_name(self, source: Path, target: Path) -> None:
        self._pass(BEFORE_RENAME)
        self._rename_to_free_name(source, target)
        self._world.tell(f"puts {_name(source)} back as {_name(target)}")
        self._pass(AFTER_RENAME)

    def replace(self, source: AnyPath, target: AnyPath) -> None:
        self._pass(BEFORE_RENAME)
        self._replace(source, target)
        self._world.tell(f"replaces {_name(target)}")
        self._pass(AFTER_RENAME)

    def unlink(self, path: AnyPath, **options: Any) -> None:
        self._pass(UNLINK)
        self._unlink(path, **options)

    def fsync(self, _descriptor: int) -> None:
        """Pass a point; nothing is flushed, because power losses are not simulated."""
        self._pass(FSYNC)

    def flock(self, file: IO[Any], operation: int) -> None:
        try:
            self._flock(file, operation)
        except BlockingIOError:
            self._world.count(LOCK_AWAITED)
            raise

    def listdir(self, path: AnyPath) -> list[str]:
        self._pass(LISTING)
        return self._in_any_order(self._listdir(path))

    def scandir(self, path: AnyPath) -> "_Listing":
        self._pass(LISTING)
        with self._scandir(path) as found:
            entries = {entry.name: entry for entry in found}
        for entry in entries.values():
            # An entry caches its answers, and so the product sees the same ones.
            self._world.listed(entry.path, entry.stat(follow_symlinks=False).st_mtime)
        return _Listing(entries[name] for name in self._in_any_order(list(entries)))

    def _in_any_order(self, names: list[str]) -> list[str]:
        """Sort the entries: file systems guarantee no order, but a seed must always have the same one."""
        names.sort()
        if self._world.is_process:
            self._world.random.shuffle(names)
        return names

    def _pass(self, point: Point) -> None:
        fail(self._world, point)


class _Listing:
    """A replacement for the result of os.scandir."""

    def __init__(self, entries: Iterator["os.DirEntry[str]"]) -> None:
        self._entries = entries

    def __enter__(self) -> Iterator["os.DirEntry[str]"]:
        return self._entries

    def __exit__(self, *_: object) -> None:
        """Do nothing: all entries are read already."""


class _File(io.FileIO):
    """A file whose writes may stop halfway and whose reads may fail. Killed processes write nothing more."""

    def __init__(self, world: World, file: Any, mode: str) -> None:
        super().__init__(file, mode)
        self._world = world

    def write(self, data: "ReadableBuffer", /) -> int:
        content = bytes(data)
        if not self._world.is_alive:
            return len(content)
        half = len(content) // 2
        super().write(content[:half])
        fail(self._world, WRITE)
        super().write(content[half:])
        return len(content)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        fail(self._world, READ)
        return super().readinto(buffer) or 0

    def readall(self) -> bytes:
        fail(self._world, READ)
        return super().readall() or b""


def fail(world: World, point: Point) -> None:
    """Pass a point, at which a reader checks the file; raises OSError if that fault occurs."""
    if world.is_process:
        world.look()
    fault = world.at(point)
    if fault is not None:
        number = getattr(errno, fault)
        raise OSError(number, os.strerror(number))


def _name(path: AnyPath) -> str:
    """Return the last two parts of a path; the rest differs between runs."""
    return "/".join(os.fspath(path).split("/")[-2:])
