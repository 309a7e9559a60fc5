"""The files of the inbox that are not claimed: each has a state and a reason, in the ledger too."""

import errno
import logging
from collections.abc import Collection, Iterable

from services.watcher.claiming.discovery import Entry, is_too_deep
from services.watcher.claiming.drop_order import NOT_AT_ALL, TO_ITS_END
from shared.extraction.load_files import displayed
from shared.runtime.logs import facts
from shared.storage.ledger import waiting_files
from shared.storage.ledger.load_reasons import DATASET_HELD
from shared.storage.ledger.waiting_files import WaitingFile
from shared.storage.schema.ledger_tables import PATH_LENGTH
from shared.storage.store import Store

_log = logging.getLogger(__name__)

_NOT_PERMITTED = ("not-permitted", "the watcher's account may not read or move it; change its owner or permissions")
_REASONS = {
    errno.EXDEV: (
        "inbox-on-another-mount",
        "inbox/ and processing/ must be on one file system: a claim is a rename",
    ),
    errno.EACCES: _NOT_PERMITTED,
    errno.EPERM: _NOT_PERMITTED,
    errno.EROFS: ("read-only", "the folder is on a read-only file system"),
}
_BEING_VERIFIED, _UNREADABLE = "being-verified", "unreadable"
#: Files that stay as they are until a person does something.
_NEED_A_PERSON = frozenset({"hard-link", "inbox-on-another-mount", "not-a-regular-file", "not-permitted", "read-only"})


class UnclaimedFiles:
    """The list at the last look. Names that look the same in tables and logs are one entry."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._files = self._in_the_ledger()
        self._is_sure = True

    @property
    def files(self) -> Collection[WaitingFile]:
        """The files and why they wait."""
        return self._files.values()

    def replace(self, files: Iterable[WaitingFile]) -> None:
        """Take a new list, and bring the ledger up to date where it changed."""
        if not self._is_sure:
            self._files = self._in_the_ledger()
        waiting = {file.file: file for file in files}
        gone = [name for name in self._files if name not in waiting]
        seen = [file for name, file in waiting.items() if self._files.get(name) != file]
        # A commit that fails may have been made all the same: the ledger knows, we do not.
        self._is_sure = False
        if gone or seen:
            with self._store.transaction() as connection:
                waiting_files.replace(connection, self._store.schema, gone=gone, seen=seen)
        for file in seen:
            if file.state == "blocked":
                _log.warning("file can't be claimed", extra=facts("file_blocked", file=file.file, reason=file.reason))
        self._files, self._is_sure = waiting, True

    def _in_the_ledger(self) -> dict[str, WaitingFile]:
        with self._store.transaction() as connection:
            return {file.file: file for file in waiting_files.all_files(connection, self._store.schema)}


def settling(entry: Entry, settle_seconds: float) -> WaitingFile:
    """It may still be written."""
    message = f"it changed lately; it is claimed once it stays as it is for {settle_seconds:g} s"
    return _file(entry, "settling", "settling", message)


def queued(entry: Entry) -> WaitingFile:
    """It is complete, and there is no room for it."""
    return _file(entry, "queued", "too-many-open", "many files are open; it is claimed when some of them are done")


def waits_for_older(entry: Entry, older: Entry) -> WaitingFile:
    """It is complete, and would be loaded before a file that was dropped before it."""
    message = f"waits for {displayed(older.path)}: it is older, of the same dataset, and can't be claimed yet"
    return _file(entry, "queued", "waits-for-older", message)


def no_file(entry: Entry) -> WaitingFile:
    """It is a folder that may not be read, or neither file nor folder."""
    if entry.path.endswith("/") and is_too_deep(entry.path):
        return _file(entry, "blocked", "too-deep", "the folder lies too far below the inbox; move its files up")
    if entry.path.endswith("/"):
        return _file(entry, "blocked", "not-permitted", "the watcher's account may not look into this folder")
    return _file(entry, "blocked", "not-a-regular-file", "only regular files are loaded; it is left where it is")


def linked(entry: Entry, link_count: int) -> WaitingFile:
    """A program could write to it under another name, long after it was archived under ours."""
    message = f"it has {link_count} names (hard links); copy it into the inbox, or remove the other names"
    return _file(entry, "blocked", "hard-link", message)


def being_written(entry: Entry) -> WaitingFile:
    """It has not changed for a while, but it may."""
    return _file(entry, "settling", "open-for-writing", "a program has it open for writing; it is claimed once closed")


def held(entry: Entry, why: str) -> WaitingFile:
    """Its dataset can't be loaded as it is configured."""
    return _file(entry, "blocked", DATASET_HELD, f"its dataset is held: {why}")


def without_marker(entry: Entry, marker: str) -> WaitingFile:
    """Its dataset takes no file without one."""
    message = f"its dataset requires a marker file: create {marker} once the file is complete"
    return _file(entry, "blocked", "waits-for-marker", message)


def being_verified(entry: Entry, marker: str) -> WaitingFile:
    """It is large, and read in steps."""
    return _file(entry, "settling", _BEING_VERIFIED, f"it is being compared with the digest in {marker}")


def mismatching(entry: Entry, message: str) -> WaitingFile:
    """It is not what its marker says, or not yet."""
    return _file(entry, "blocked", "checksum-mismatch", message)


def blocked(entry: Entry, error: OSError) -> WaitingFile:
    """It could not be opened or moved."""
    reason, message = _REASONS.get(error.errno or 0, (_UNREADABLE, error.strerror or "it can't be opened"))
    return _file(entry, "blocked", reason, message)


def awaited_until(waiting: WaitingFile, *, last_change: float, now: float, limit_seconds: float) -> float:
    """Return until when younger files of its dataset wait for an unclaimed one, in seconds since the epoch."""
    if waiting.reason == _BEING_VERIFIED:
        return TO_ITS_END
    if waiting.reason in _NEED_A_PERSON:
        return NOT_AT_ALL
    # A fault may have begun long after the last change, and be over at the next look.
    return limit_seconds + (now if waiting.reason == _UNREADABLE else last_change)


def _file(entry: Entry, state: str, reason: str, message: str) -> WaitingFile:
    file = displayed(entry.path)[:PATH_LENGTH]
    return WaitingFile(file=file, state=state, reason=reason, message=displayed(message))
