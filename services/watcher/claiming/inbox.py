"""Lists the inbox and waits for changes in it."""

import logging
import os
import select
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from inotify_simple import INotify, flags

from services.watcher.claiming.discovery import Entry, is_too_deep
from shared.runtime.logs import facts

_log = logging.getLogger(__name__)

_EVENTS = flags.MOVED_TO | flags.CLOSE_WRITE | flags.CREATE | flags.ATTRIB

#: A signal does not end a wait, so no wait is longer than a stop request may go unnoticed.
_MAX_WAIT_SECONDS = 1.0


def list_inbox(inbox: Path) -> Iterator[Entry]:
    """Yield all files below the inbox, and folders that may not or can't be read, with a slash at their end.

    Links are not followed; what vanishes meanwhile is left out.
    """
    yield from _list(os.fspath(inbox), "")


def _list(folder: str, prefix: str) -> Iterator[Entry]:
    if is_too_deep(prefix):
        yield Entry(path=prefix, kind="other", size_bytes=0, modified_at=0.0, changed_at=0.0)
        return
    try:
        with os.scandir(folder) as items:
            for item in items:
                path = prefix + item.name
                if item.is_dir(follow_symlinks=False):
                    yield from _list(item.path, f"{path}/")
                    continue
                with suppress(FileNotFoundError):
                    yield _entry(path, item.stat(follow_symlinks=False))
    except FileNotFoundError:
        return
    except PermissionError:
        yield _entry(prefix or "./", os.lstat(folder))


def _entry(path: str, status: os.stat_result) -> Entry:
    return Entry(
        path=path,
        kind="file" if stat.S_ISREG(status.st_mode) else "other",
        size_bytes=status.st_size,
        modified_at=status.st_mtime_ns / 1e9,
        changed_at=status.st_ctime_ns / 1e9,
    )


class InboxEvents:
    """Wakes the watcher when something happens in the inbox, or when another thread asks for it.

    The kernel's events are only a hint: they overflow, and do not exist for remote writers and some mounts.
    """

    def __init__(self, inbox: Path, *, use_kernel: bool) -> None:
        self._inbox = inbox
        self._wake_reader, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._kernel = _inotify() if use_kernel else None
        self._folders: dict[int, str] = {}
        self.follow_folders()

    def follow_folders(self) -> None:
        """Watch the inbox and the folders below it that are there now."""
        if self._kernel is None:
            return
        for folder, folders, _ in os.walk(self._inbox):
            relative = os.path.relpath(folder, self._inbox)
            prefix = "" if relative == "." else f"{relative}/"
            if is_too_deep(prefix):
                folders.clear()
            with suppress(OSError):
                self._folders[self._kernel.add_watch(folder, _EVENTS | flags.ONLYDIR)] = prefix

    def wake(self) -> None:
        """End the wait that is on, or the next one. Any thread may call it."""
        with suppress(BlockingIOError):
            os.write(self._wake_writer, b"!")

    def wait(self, seconds: float) -> tuple[bool, set[str]]:
        """Wait for something to happen, a second at most.

        Return whether it did, and the files that were renamed into the inbox, whole by that.
        """
        kernel = self._kernel
        sources = [self._wake_reader, *([kernel.fileno()] if kernel else [])]
        ready, _, _ = select.select(sources, [], [], min(seconds, _MAX_WAIT_SECONDS))
        if self._wake_reader in ready:
            os.read(self._wake_reader, 4096)
        if kernel is None or kernel.fileno() not in ready:
            return bool(ready), set()
        renamed_in = {
            self._folders[event.wd] + event.name
            for event in kernel.read(timeout=0)
            if event.mask & flags.MOVED_TO and not event.mask & flags.ISDIR and event.wd in self._folders
        }
        return True, renamed_in

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self._wake_reader)
        os.close(self._wake_writer)
        if self._kernel is not None:
            self._kernel.close()


def _inotify() -> INotify | None:
    try:
        return INotify()
    except OSError as error:
        _log.warning("no events from the kernel, only polling", extra=facts("polling_alone", error=str(error)))
        return None
