"""Claims the inbox's complete files, in the order in which they count as dropped, and says why others wait."""

import errno
import logging
import os
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import PurePath

from services.watcher.chunks import Bounds
from services.watcher.claims import ClaimedName, displayed, number_of, shortened
from services.watcher.discovery import Entry, Sighting, dataset_of, is_candidate, settled, sight
from services.watcher.inbox import list_inbox
from shared import loads
from shared.database import Database
from shared.datasets import Catalog
from shared.errors import FileRefused
from shared.files import DataFolder
from shared.loads import Claim, WaitingFile
from shared.logs import facts
from shared.schema import PATH_LENGTH, Schema

_log = logging.getLogger(__name__)

_PROBE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Intake:
    """Takes files from the inbox into processing/."""

    def __init__(
        self,
        *,
        folder: DataFolder,
        database: Database,
        schema: Schema,
        catalog: Catalog,
        bounds: Bounds,
        settle_seconds: float,
    ) -> None:
        self._folder = folder
        self._database = database
        self._schema = schema
        self._catalog = catalog
        self._bounds = bounds
        self._settle_seconds = settle_seconds
        self._sightings: dict[str, Sighting] = {}
        self._reported: dict[str, WaitingFile] = self._reported_before()
        self._paths: dict[int, str] = {}

    @property
    def waiting(self) -> Collection[WaitingFile]:
        """The files that were not claimed at the last look."""
        return self._reported.values()

    def claim(self, renamed_in: Collection[str], *, room: int) -> None:
        """Look at the inbox and claim at most `room` complete files."""
        entries = [entry for entry in list_inbox(self._folder.inbox) if is_candidate(entry.path)]
        now = time.time()
        self._sightings = sight(entries, self._sightings, now=now)
        complete = settled(
            entries, self._sightings, renamed_in=renamed_in, now=now, settle_seconds=self._settle_seconds
        )
        waiting = {entry.path: self._why_not_complete(entry) for entry in entries}
        waiting |= {entry.path: _file(entry, "queued", "too-many-open", _QUEUED) for entry in complete[room:]}
        claimable: list[Entry] = []
        for entry in complete[:room]:
            problem = self._why_not_readable(entry)
            if problem is None:
                claimable.append(entry)
            else:
                waiting[entry.path] = problem
        waiting |= self._claim_all(claimable)
        for entry in claimable:
            if waiting[entry.path].state == "settling":
                del waiting[entry.path]
        self._report(waiting)

    def adopt(self, known: Collection[int]) -> list[ClaimedName]:
        """Enter files of processing/ in the books that are not known yet: just claimed, or left by a crash."""
        found = [
            claimed
            for name in os.listdir(self._folder.processing)
            if (claimed := ClaimedName.parse(name)) is not None and claimed.load_id not in known
        ]
        if found:
            found.sort(key=lambda claimed: claimed.load_id)
            with self._database.transaction() as connection:
                loads.register(connection, self._schema, [self._entry_for(claimed) for claimed in found])
            for claimed in found:
                self._paths.pop(claimed.load_id, None)
        return found

    def _claim_all(self, entries: Sequence[Entry]) -> dict[str, WaitingFile]:
        """Rename files into processing/, each under its load's number; return those that can't be."""
        if not entries:
            return {}
        with self._database.transaction() as connection:
            numbers = loads.reserve_numbers(
                connection, self._schema, count=len(entries), floor=self._highest_number_in_folders()
            )
        problems = {}
        for load_id, entry in zip(numbers, entries, strict=True):
            try:
                self._rename(load_id, entry)
            except FileNotFoundError:
                continue
            except OSError as error:
                problems[entry.path] = _blocked(entry, error)
        return problems

    def _rename(self, load_id: int, entry: Entry) -> None:
        claimed = ClaimedName(
            load_id=load_id,
            dataset=self._dataset_of(entry.path),
            bounds=self._bounds,
            original=shortened(PurePath(entry.path).name),
        )
        (self._folder.inbox / entry.path).rename(self._folder.processing / str(claimed))
        self._paths[load_id] = displayed(entry.path)
        _log.info(
            "file claimed",
            extra=facts("file_claimed", load_id=load_id, file=self._paths[load_id], dataset=claimed.dataset),
        )

    def _dataset_of(self, path: str) -> str | None:
        try:
            return dataset_of(path, self._catalog.datasets)
        except FileRefused:
            # It is refused once it is in the books, with its reason.
            return None

    def _highest_number_in_folders(self) -> int:
        folders = (self._folder.processing, self._folder.archive, self._folder.rejected)
        return max((number_of(name) for folder in folders for name in os.listdir(folder)), default=0)

    def _entry_for(self, claimed: ClaimedName) -> Claim:
        status = (self._folder.processing / str(claimed)).lstat()
        return Claim(
            load_id=claimed.load_id,
            file=self._paths.get(claimed.load_id, displayed(claimed.original))[:PATH_LENGTH],
            dataset=claimed.dataset,
            size_bytes=status.st_size,
            modified_at=datetime.fromtimestamp(status.st_mtime, UTC).replace(tzinfo=None),
        )

    def _why_not_complete(self, entry: Entry) -> WaitingFile:
        if entry.kind == "other":
            return _file(entry, "blocked", "not-a-regular-file", "only regular files are loaded; it is left alone")
        message = f"it changed lately; it is claimed once it stays as it is for {self._settle_seconds:g} s"
        return _file(entry, "settling", "settling", message)

    def _why_not_readable(self, entry: Entry) -> WaitingFile | None:
        try:
            os.close(os.open(self._folder.inbox / entry.path, _PROBE_FLAGS))
        except FileNotFoundError:
            return None
        except OSError as error:
            return _blocked(entry, error)
        return None

    def _report(self, waiting: dict[str, WaitingFile]) -> None:
        """Bring the books up to date with why files wait, where it changed."""
        gone = [self._reported[path].file for path in self._reported.keys() - waiting.keys()]
        seen = [file for path, file in waiting.items() if self._reported.get(path) != file]
        if not gone and not seen:
            return
        with self._database.transaction() as connection:
            loads.replace_waiting_files(connection, self._schema, gone=gone, seen=seen)
        for file in seen:
            if file.state == "blocked":
                _log.warning("file can't be claimed", extra=facts("file_blocked", file=file.file, reason=file.reason))
        self._reported = waiting

    def _reported_before(self) -> dict[str, WaitingFile]:
        with self._database.transaction() as connection:
            return {file.file: file for file in loads.waiting_files(connection, self._schema)}


_QUEUED = "many files are open; it is claimed when some of them are done"

_REASONS = {
    errno.EXDEV: (
        "inbox-on-another-mount",
        "inbox/ and processing/ must be on one file system: a claim is a rename",
    ),
    errno.EACCES: (
        "not-permitted",
        "the watcher's account may not read or move it; change its owner or permissions",
    ),
    errno.EPERM: (
        "not-permitted",
        "the watcher's account may not read or move it; change its owner or permissions",
    ),
    errno.EROFS: ("read-only", "the folder is on a read-only file system"),
}


def _blocked(entry: Entry, error: OSError) -> WaitingFile:
    reason, message = _REASONS.get(error.errno or 0, ("unreadable", error.strerror or "it can't be opened"))
    return _file(entry, "blocked", reason, message)


def _file(entry: Entry, state: str, reason: str, message: str) -> WaitingFile:
    return WaitingFile(file=displayed(entry.path)[:PATH_LENGTH], state=state, reason=reason, message=message)
