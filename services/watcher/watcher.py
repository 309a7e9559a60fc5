"""The watcher's work, one turn at a time: claim, publish, and take finished files out."""

import logging
import time
from collections.abc import Collection, Iterable

from services.extractor.extraction import Extractor
from services.extractor.round_robin import Feeder, WriterQueue
from services.extractor.settings import WatcherConfig
from services.watcher.claiming.intake import Intake
from services.watcher.leaving.archiving import Finisher
from services.watcher.leaving.missing_files import MissingFiles
from services.watcher.leaving.requeueing import Returner
from services.watcher.stalled_loads import Standstills
from shared.extraction.claimed_file import ClaimedFile, FileVersion
from shared.extraction.dataset_match import dataset_of
from shared.extraction.load_files import ClaimedName, LoadFiles
from shared.messaging.topology import WRITER_QUEUE
from shared.model.errors import FileRefused
from shared.runtime.clock import Clock
from shared.runtime.files import DataFolder, remove_leftovers
from shared.runtime.folder_owner import own_folder
from shared.runtime.logs import facts
from shared.storage.ledger import load_reasons, load_states, loads
from shared.storage.ledger.loads import OPEN_STATES, Load
from shared.storage.ledger.waiting_files import WaitingFile
from shared.storage.store import Store

_log = logging.getLogger(__name__)


class Watcher:
    """Turns files of the inbox into messages, and archives them once the database has their rows."""

    def __init__(
        self,
        *,
        folder: DataFolder,
        store: Store,
        queue: WriterQueue,
        config: WatcherConfig,
        clock: Clock = time,
    ) -> None:
        # Left by a watcher that was killed while it wrote them.
        remove_leftovers(folder.rejected)
        self._folder = folder
        self._files = LoadFiles(folder)
        self._store = store
        self._max_open = config.max_open
        self._queue = queue
        self._intake = Intake(
            folder=folder,
            store=store,
            bounds=config.bounds,
            settle_seconds=config.settle_seconds,
            clock=clock,
        )
        self._feeder = Feeder(
            store=store,
            queue=queue,
            extractor=Extractor(folder=folder, store=store, compare_from_bytes=config.compare_from_bytes),
            backlog_messages=config.backlog_messages,
        )
        self._returner = Returner(folder=folder, store=store)
        self._finisher = Finisher(folder=folder, store=store, returner=self._returner)
        self._standstills = Standstills(config.republish_seconds, clock=clock)
        self._missing_files = MissingFiles(
            folder=folder, store=store, patience_seconds=config.republish_seconds, clock=clock
        )
        self._open: dict[int, ClaimedName] = {}
        self._dead_lettered: set[int] = set()
        self._held: set[int] = set()

    @property
    def waiting(self) -> Collection[WaitingFile]:
        """The files in the inbox that are not claimed, and why."""
        return self._intake.waiting

    @property
    def stuck_loads(self) -> set[int]:
        """The loads whose files could not be read or moved, or that dead letters or their datasets hold back."""
        return self._feeder.unreadable | self._finisher.stuck | self._dead_lettered | self._held

    @property
    def lost_loads(self) -> Collection[int]:
        """The loads that are not done, and whose files are gone."""
        return self._missing_files.gone

    @property
    def is_idle(self) -> bool:
        """Whether each file is loaded, refused or blocked, and no load's file is looked for."""
        is_blocked = all(file.state == "blocked" for file in self.waiting)
        is_done = self._intake.has_adopted_all and self._open.keys() <= self.stuck_loads
        return is_blocked and is_done and not self._missing_files.pending

    @property
    def has_refused(self) -> bool:
        """Whether a file was refused since the start."""
        return self._finisher.has_refused

    @property
    def open_loads(self) -> Collection[int]:
        """The loads whose files are in processing/."""
        return self._open.keys()

    def rescan(self, renamed_in: Collection[str] = ()) -> None:
        """Look at the folders and the ledger: what is new, what is finished, what stands still."""
        self._store.require_installation()
        own_folder(self._folder, self._store.owner)
        self._intake.claim(self._returner.without_ours(renamed_in), room=self._max_open - len(self._open))
        known = self._look_up(self._open.values())
        self._forget(self._open.keys() - known.keys())
        known |= self._adopt()
        if self._finish(known):
            # What went back into the inbox waits there from now on, and not from the next look on.
            self._intake.claim((), room=0)
        self._revive(known)
        self._feeder.retry_unreadable()
        self._missing_files.look(self._open.keys(), is_queue_empty=lambda: self._queue.backlog(WRITER_QUEUE) == 0)
        # If it comes back, it is adopted once more.
        self._forget(self._missing_files.gone & self._open.keys())

    def publish(self) -> bool:
        """Publish one message, if there is one and room for it."""
        return self._feeder.turn()

    def hold_back(self, reason: str, message: str) -> None:
        """Say in the ledger why nothing is published."""
        self._feeder.hold_back(reason, message)

    def close(self) -> None:
        """Close all files. What is in processing/ stays, and is taken up by the next watcher."""
        self._feeder.close()

    def _adopt(self) -> dict[int, Load]:
        """Take up the files of processing/ that are new; return what the ledger says of them by then."""
        adopted = self._intake.adopt(self._open, room=self._max_open - len(self._open))
        known = self._look_up(adopted)
        for claimed in adopted:
            self._take_up(claimed, known[claimed.load_id])
            # Last: where the ledger can't be written, the file is adopted once more.
            self._open[claimed.load_id] = claimed
        return self._look_up(adopted)

    def _take_up(self, claimed: ClaimedName, load: Load) -> None:
        why_held = self._store.held.get(claimed.dataset or "")
        if why_held is not None and load.state in OPEN_STATES:
            self._hold(claimed, why_held)
            return
        if load.reason == load_reasons.DATASET_HELD:
            self._explain(claimed, None, None)
        if load.state in ("claimed", "reading"):
            self._read(claimed, load)

    def _read(self, claimed: ClaimedName, load: Load) -> None:
        dataset = self._store.catalog.datasets.get(claimed.dataset or "")
        if dataset is None:
            self._refuse(claimed, load.file)
        else:
            file = ClaimedFile(
                claimed=claimed,
                dataset=dataset,
                path=self._files.path(claimed),
                version=FileVersion.claimed(load),
                is_resumed=load.state != "claimed",
            )
            self._feeder.add(file)

    def _hold(self, claimed: ClaimedName, why: str) -> None:
        """Leave a file where it is: when its dataset is let go, the next watcher takes it up."""
        self._explain(claimed, load_reasons.DATASET_HELD, why)
        self._held.add(claimed.load_id)

    def _explain(self, claimed: ClaimedName, reason: str | None, message: str | None) -> None:
        with self._store.transaction() as connection:
            load_reasons.explain(connection, self._store.schema, [claimed.load_id], reason, message)

    def _refuse(self, claimed: ClaimedName, file: str) -> None:
        reason, message = self._why_no_dataset(claimed, file)
        with self._store.transaction() as connection:
            load_states.mark_refused(connection, self._store.schema, claimed.load_id, reason=reason, message=message)
        _log.warning("file refused: %s", message, extra=facts("file_refused", load_id=claimed.load_id, reason=reason))

    def _why_no_dataset(self, claimed: ClaimedName, file: str) -> tuple[str, str]:
        if claimed.dataset is not None:
            return "no-dataset", f"the configuration has no dataset {claimed.dataset!r} any more"
        try:
            dataset_of(file, self._store.catalog.datasets)
        except FileRefused as error:
            return error.code, str(error)
        # A crash forgot the folder that it was in, or the configuration is another one by now.
        return "no-dataset", "matched no dataset when it was claimed; drop the file again"

    def _look_up(self, claims: Collection[ClaimedName]) -> dict[int, Load]:
        """Return the loads of claimed files; one whose number is another load's by now is missing."""
        if not claims:
            return {}
        tokens = {claimed.load_id: claimed.token for claimed in claims}
        with self._store.transaction() as connection:
            found = loads.find(connection, self._store.schema, tokens)
        return {load_id: load for load_id, load in found.items() if load.token == tokens[load_id]}

    def _finish(self, known: dict[int, Load]) -> bool:
        """Take out the files whose loads are complete or refused in the ledger; say whether any goes back."""
        states = ("complete", "archived", "refused")
        finished = [(self._open[load.load_id], load) for load in known.values() if load.state in states]
        returned_before = self._returner.file_count
        self._forget(self._finisher.take_out(finished))
        return self._returner.file_count > returned_before

    def _forget(self, load_ids: Iterable[int]) -> None:
        """Drop what is known of loads; where the ledger lost them, their files are adopted again."""
        for load_id in load_ids:
            self._feeder.drop([load_id])
            del self._open[load_id]
            self._held.discard(load_id)
            self._standstills.forget(load_id)

    def _revive(self, known: dict[int, Load]) -> None:
        """Publish again what has stood still with nothing in the queue: the broker lost its messages.

        Not what has a dead letter, which is tried again from there; unless the broker lost that, too.
        """
        being_read = set(self._feeder.load_ids)
        waiting = known.keys() - being_read - self._held
        published = [known[load_id] for load_id in waiting if known[load_id].state == "published"]
        self._dead_lettered = {load.load_id for load in published if load.reason == load_reasons.DEAD_LETTERED}
        still = self._standstills.note(published)
        if still and self._queue.backlog(WRITER_QUEUE) > 0:
            self._standstills.begin_silence(still)
            return
        held_back = self._dead_lettered.intersection(still)
        if held_back and self._queue.given_up(WRITER_QUEUE) > 0:
            self._standstills.begin_silence(held_back)
            still = [load_id for load_id in still if load_id not in held_back]
        for load_id in still:
            _log.warning("load stands still, publishing it again", extra=facts("load_revived", load_id=load_id))
            self._standstills.begin_again(load_id)
            self._dead_lettered.discard(load_id)
            self._read(self._open[load_id], known[load_id])
