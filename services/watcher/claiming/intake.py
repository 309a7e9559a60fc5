"""Claims the inbox's complete files, in the order in which they count as dropped, and says why others wait."""

import errno
import logging
import os
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePath

from services.watcher.claiming.admission import Admission
from services.watcher.claiming.discovery import Entry, Sighting, dataset_of, is_candidate, settled, sight
from services.watcher.claiming.inbox import list_inbox
from services.watcher.claiming.markers import is_marker
from services.watcher.claiming.unclaimed import UnclaimedFiles, blocked, no_file, queued, settling
from services.watcher.claims import ClaimedName, displayed, new_token, number_of, shortened
from services.watcher.records.chunks import Bounds
from services.watcher.versions import Version
from shared.books import loads, registration
from shared.books.registration import Claim
from shared.books.waiting_files import WaitingFile
from shared.errors import FileRefused
from shared.files import DataFolder
from shared.logs import facts
from shared.schema.book_tables import PATH_LENGTH
from shared.store import Store

_log = logging.getLogger(__name__)

#: After any other error of a network file system the file may have been moved: its number is in use then.
_SURELY_NOT_MOVED = (errno.EXDEV, errno.EACCES, errno.EPERM, errno.EROFS)


class Intake:
    """Takes files from the inbox into processing/."""

    def __init__(
        self,
        *,
        folder: DataFolder,
        store: Store,
        bounds: Bounds,
        settle_seconds: float,
    ) -> None:
        self._folder = folder
        self._store = store
        self._bounds = bounds
        self._settle_seconds = settle_seconds
        self._sightings: dict[str, Sighting] = {}
        self._admission = Admission(folder.inbox, store.catalog.datasets, settle_seconds=settle_seconds)
        self._unclaimed = UnclaimedFiles(store)
        self._paths: dict[int, str] = {}
        self._numbers: deque[int] = deque()

    @property
    def waiting(self) -> Collection[WaitingFile]:
        """The files that were not claimed at the last look."""
        return self._unclaimed.files

    def claim(self, renamed_in: Collection[str], *, room: int) -> None:
        """Look at the inbox and claim at most `room` complete files."""
        listed = list(list_inbox(self._folder.inbox))
        entries = [entry for entry in listed if is_candidate(entry.path) and not is_marker(entry.path)]
        now = time.time()
        self._sightings = sight(entries, self._sightings, now=now)
        declared = self._admission.begin_look(listed, entries, renamed_in)
        complete = settled(entries, self._sightings, declared=declared, now=now, settle_seconds=self._settle_seconds)
        waiting: dict[str, WaitingFile | None] = {entry.path: self._why_not_complete(entry) for entry in entries}
        waiting |= self._claim_all(complete, room=max(room, 0))
        self._unclaimed.replace(filter(None, waiting.values()))

    def adopt(self, known: Mapping[int, ClaimedName]) -> list[ClaimedName]:
        """Register the files of processing/ that are not known yet: just claimed, or left by a crash."""
        found = [
            claimed
            for name in os.listdir(self._folder.processing)
            if (claimed := ClaimedName.parse(name)) is not None and known.get(claimed.load_id) != claimed
        ]
        if not found:
            return []
        adopted = sorted(self._with_numbers_of_their_own(found, taken=known), key=lambda claimed: claimed.load_id)
        with self._store.transaction() as connection:
            registration.register(connection, self._store.schema, [self._entry_for(claimed) for claimed in adopted])
        for claimed in adopted:
            self._paths.pop(claimed.load_id, None)
        return adopted

    def _with_numbers_of_their_own(
        self, found: Sequence[ClaimedName], *, taken: Collection[int]
    ) -> Iterator[ClaimedName]:
        """Claim a file again whose number is another load's, as where a database was restored or a folder copied."""
        with self._store.transaction() as connection:
            loads_of_numbers = loads.find(connection, self._store.schema, [claimed.load_id for claimed in found])
        for claimed in found:
            load = loads_of_numbers.get(claimed.load_id)
            # An unknown file without a token would be told from others by its number only.
            is_own = claimed.token == load.token if load is not None else bool(claimed.token)
            yield claimed if is_own and claimed.load_id not in taken else self._claim_again(claimed)

    def _claim_again(self, claimed: ClaimedName) -> ClaimedName:
        self._reserve(1)
        again = replace(claimed, load_id=self._numbers.popleft(), token=new_token())
        (self._folder.processing / str(claimed)).rename(self._folder.processing / str(again))
        _log.warning(
            "the number of a claimed file belongs to another load, the file is a new load",
            extra=facts("file_reclaimed", load_id=again.load_id, file=claimed.original, was=claimed.load_id),
        )
        return again

    def _claim_all(self, entries: Sequence[Entry], *, room: int) -> dict[str, WaitingFile | None]:
        """Claim files in this order until there is no room; say of each why it waits, if it does."""
        self._reserve(min(room, len(entries)))
        waiting: dict[str, WaitingFile | None] = {}
        for entry in entries:
            waiting[entry.path] = self._claim(entry) if room and self._numbers else queued(entry)
            # What can't be claimed takes no room, or many of its kind would hold back all others.
            room -= waiting[entry.path] is None
        return waiting

    def _reserve(self, count: int) -> None:
        """Have so many load numbers at hand; those that were not used serve the next files."""
        missing = count - len(self._numbers)
        if missing > 0:
            with self._store.transaction() as connection:
                floor = self._highest_number_in_folders()
                reserved = registration.reserve_numbers(connection, self._store.schema, count=missing, floor=floor)
            # After the commit: numbers whose reservation was rolled back are given out once more.
            self._numbers.extend(reserved)

    def _claim(self, entry: Entry) -> WaitingFile | None:
        """Rename a file into processing/ under the next load number; return why it can't be, None where it is gone."""
        try:
            waiting = self._admission.why_not(entry)
            if waiting is not None:
                return waiting
            self._rename(self._numbers.popleft(), entry)
        except FileNotFoundError:
            return None
        except OSError as error:
            return blocked(entry, error)
        self._admission.remove_markers(entry)
        return None

    def _rename(self, load_id: int, entry: Entry) -> None:
        dataset = self._dataset_of(entry.path)
        original = shortened(PurePath(entry.path).name)
        claimed = ClaimedName(
            load_id=load_id, token=new_token(), dataset=dataset, bounds=self._bounds, original=original
        )
        self._paths[load_id] = displayed(entry.path)
        try:
            (self._folder.inbox / entry.path).rename(self._folder.processing / str(claimed))
        except OSError as error:
            if error.errno in _SURELY_NOT_MOVED:
                self._numbers.appendleft(load_id)
            raise
        _log.info(
            "file claimed",
            extra=facts("file_claimed", load_id=load_id, file=self._paths[load_id], dataset=dataset),
        )

    def _dataset_of(self, path: str) -> str | None:
        try:
            return dataset_of(path, self._store.catalog.datasets)
        except FileRefused:
            # It is refused once it is in the books, with its reason.
            return None

    def _highest_number_in_folders(self) -> int:
        folders = (self._folder.processing, self._folder.archive, self._folder.rejected)
        return max((number_of(name) for folder in folders for name in os.listdir(folder)), default=0)

    def _entry_for(self, claimed: ClaimedName) -> Claim:
        version = Version.of((self._folder.processing / str(claimed)).lstat())
        return Claim(
            load_id=claimed.load_id,
            token=claimed.token,
            chunk_rows=claimed.bounds.rows,
            chunk_bytes=claimed.bounds.bytes,
            file=self._paths.get(claimed.load_id, displayed(claimed.original))[:PATH_LENGTH],
            dataset=claimed.dataset,
            size_bytes=version.size_bytes,
            modified_at=version.modified_at,
        )

    def _why_not_complete(self, entry: Entry) -> WaitingFile:
        return settling(entry, self._settle_seconds) if entry.kind == "file" else no_file(entry)
