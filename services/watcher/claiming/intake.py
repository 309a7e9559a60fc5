"""Claims the inbox's complete files, in the order in which they count as dropped, and says why others wait."""

import errno
import logging
import math
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence

from services.watcher.claiming.discovery import (
    Entry,
    Sighting,
    complete_files,
    in_order,
    is_candidate,
    sight,
)
from services.watcher.claiming.drop_order import MAX_WAIT_SECONDS, DropOrder
from services.watcher.claiming.eligibility import Admission, is_marker
from services.watcher.claiming.inbox import list_inbox
from services.watcher.claiming.wait_reasons import (
    UnclaimedFiles,
    awaited_until,
    blocked,
    no_file,
    queued,
    settling,
    waits_for_older,
)
from shared.extraction.chunks import ChunkBounds
from shared.extraction.claimed_file import FileVersion
from shared.extraction.dataset_match import dataset_of
from shared.extraction.load_files import ClaimedName, LoadFiles, displayed
from shared.model.errors import FileRefused
from shared.runtime.clock import Clock
from shared.runtime.files import DataFolder
from shared.runtime.logs import facts
from shared.storage.ledger import loads, registration
from shared.storage.ledger.registration import Claim
from shared.storage.ledger.waiting_files import WaitingFile
from shared.storage.schema.ledger_tables import PATH_LENGTH
from shared.storage.store import Store

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
        bounds: ChunkBounds,
        settle_seconds: float,
        clock: Clock = time,
    ) -> None:
        self._inbox = folder.inbox
        self._files = LoadFiles(folder)
        self._store = store
        self._bounds = bounds
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._limit_seconds = settle_seconds + MAX_WAIT_SECONDS
        self._order = DropOrder(self._limit_seconds)
        self._sightings: dict[str, Sighting] = {}
        self._looked_at = -math.inf
        self._listed: set[Entry] = set()
        self._admission = Admission(
            folder.inbox, store.catalog.datasets, held=store.held, settle_seconds=settle_seconds
        )
        self._unclaimed = UnclaimedFiles(store)
        #: Whether each file of processing/ was registered at the last look.
        self.has_adopted_all = False
        self._paths: dict[int, str] = {}
        self._numbers: deque[int] = deque()

    @property
    def waiting(self) -> Collection[WaitingFile]:
        """The files that were not claimed at the last look."""
        return self._unclaimed.files

    def claim(self, renamed_in: Collection[str], *, room: int) -> None:
        """Look at the inbox and claim at most `room` complete files."""
        now = self._clock.time()
        listed, known = self._list()
        entries = [entry for entry in listed if is_candidate(entry.path) and not is_marker(entry.path)]
        self._sightings = sight(entries, self._sightings, looked_at=self._looked_at, now=now)
        self._looked_at = now
        declared = self._admission.begin_look(listed, entries, renamed_in, known)
        complete = complete_files(
            entries, self._sightings, declared=declared, now=now, settle_seconds=self._settle_seconds
        )
        self._order.begin_look(self._sightings, now=now)
        waiting = self._claim_in_order(entries, complete & known, room=max(room, 0))
        self._unclaimed.replace(waiting)

    def adopt(self, known: Mapping[int, ClaimedName], *, room: int) -> list[ClaimedName]:
        """Register at most `room` files of processing/ that are not known yet, the oldest loads first.

        They were just claimed, left by a crash, or put there to be loaded again, which may be any number of files.
        """
        unknown = [claimed for claimed in self._files.claimed() if known.get(claimed.load_id) != claimed]
        found = sorted(unknown, key=lambda claimed: claimed.load_id)[: max(room, 0)]
        self.has_adopted_all = len(found) == len(unknown)
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
        again = self._files.claim_again(claimed, load_id=self._numbers.popleft())
        _log.warning(
            "the number of a claimed file belongs to another load, the file is a new load",
            extra=facts("file_reclaimed", load_id=again.load_id, file=claimed.original, was=claimed.load_id),
        )
        return again

    def _list(self) -> tuple[list[Entry], set[str]]:
        """List the inbox; return it, and the paths of the files that are unchanged since an earlier listing.

        A listing is not of one moment: it may have a file and lack an older one. A listing that begins later has both.
        """
        listed = list(list_inbox(self._inbox))
        if not self._listed.issuperset(listed):
            self._listed = set(listed)
            listed = list(list_inbox(self._inbox))
        known = {entry.path for entry in listed if entry in self._listed}
        self._listed = set(listed)
        return listed, known

    def _claim_in_order(self, entries: Sequence[Entry], complete: Collection[str], *, room: int) -> list[WaitingFile]:
        """Claim complete files, oldest first, until there is no room; return why the others wait."""
        self._reserve(min(room, len(complete)))
        waiting = []
        for entry in in_order(entries):
            has_room = room > 0 and bool(self._numbers)
            left = self._claim_or_leave(entry, is_complete=entry.path in complete, has_room=has_room)
            if left is not None:
                waiting.append(left)
            elif has_room:
                # A file that can't be claimed takes no room; otherwise, many such files would hold back all others.
                room -= 1
        return waiting

    def _claim_or_leave(self, entry: Entry, *, is_complete: bool, has_room: bool) -> WaitingFile | None:
        """Claim a file, or return why it waits; None, too, where it is gone."""
        if entry.kind != "file":
            return no_file(entry)
        dataset = self._dataset_of(entry.path)
        if is_complete and dataset is not None and (older := self._order.awaited(entry, dataset)) is not None:
            return waits_for_older(entry, older)
        if is_complete and not has_room:
            return queued(entry)
        waiting = self._claim(entry, dataset) if is_complete else settling(entry, self._settle_seconds)
        if waiting is not None and dataset is not None:
            self._leave(entry, dataset, waiting)
        return waiting

    def _leave(self, entry: Entry, dataset: str, waiting: WaitingFile) -> None:
        """Have younger files of its dataset wait for this one."""
        until = awaited_until(
            waiting,
            last_change=self._sightings[entry.path].since,
            now=self._looked_at,
            limit_seconds=self._limit_seconds,
        )
        self._order.leave(entry, dataset, reason=waiting.reason, until=until)

    def _reserve(self, count: int) -> None:
        """Reserve load numbers until there are `count`; unused ones serve the next files."""
        missing = count - len(self._numbers)
        if missing > 0:
            with self._store.transaction() as connection:
                floor = self._files.highest_number()
                reserved = registration.reserve_numbers(connection, self._store.schema, count=missing, floor=floor)
            # After the commit: numbers whose reservation was rolled back are given out once more.
            self._numbers.extend(reserved)

    def _claim(self, entry: Entry, dataset: str | None) -> WaitingFile | None:
        """Rename a file into processing/ under the next load number; return why it can't be, None where it is gone."""
        try:
            waiting = self._admission.why_not(entry)
            if waiting is not None:
                return waiting
            self._rename(self._numbers.popleft(), entry, dataset)
        except FileNotFoundError:
            return None
        except OSError as error:
            return blocked(entry, error)
        self._admission.remove_markers(entry)
        return None

    def _rename(self, load_id: int, entry: Entry, dataset: str | None) -> None:
        self._paths[load_id] = displayed(entry.path)
        try:
            self._files.claim(self._inbox / entry.path, load_id=load_id, dataset=dataset, bounds=self._bounds)
        except OSError as error:
            if error.errno in _SURELY_NOT_MOVED:
                self._numbers.appendleft(load_id)
            raise
        _log.info(
            "file claimed",
            extra=facts("file_claimed", load_id=load_id, file=self._paths[load_id], dataset=dataset),
        )
        if dataset is not None:
            self._report_overtaken(load_id, dataset)

    def _report_overtaken(self, load_id: int, dataset: str) -> None:
        for older, reason in self._order.overtaken(dataset):
            file, by = displayed(older.path), self._paths[load_id]
            _log.warning(
                "a younger file of its dataset was claimed first; this one will count as dropped after it",
                extra=facts("file_overtaken", file=file, reason=reason, overtaken_by=by, load_id=load_id),
            )

    def _dataset_of(self, path: str) -> str | None:
        try:
            return dataset_of(path, self._store.catalog.datasets)
        except FileRefused:
            # It is refused once it is in the ledger, with its reason.
            return None

    def _entry_for(self, claimed: ClaimedName) -> Claim:
        version = FileVersion.of(self._files.path(claimed).lstat())
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
