"""The watcher's work, one turn at a time: claim, publish, and take finished files out."""

import logging
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from services.watcher import finishing
from services.watcher.claims import ClaimedName
from services.watcher.config import WatcherConfig
from services.watcher.discovery import dataset_of
from services.watcher.feeding import Feeder, WriterQueue
from services.watcher.intake import Intake
from services.watcher.reading import Reading
from shared import loads
from shared.database import Database
from shared.datasets import Catalog
from shared.errors import FileRefused
from shared.files import DataFolder
from shared.loads import Load, WaitingFile
from shared.logs import facts
from shared.schema import Schema
from shared.topology import WRITER_QUEUE

_log = logging.getLogger(__name__)

#: Files in processing/ at a time; what every rescan asks the database about stays small.
_MOST_OPEN = 1000


@dataclass(slots=True)
class _Progress:
    """Since when a published load stands at a count, and how often it was published again for that."""

    rows_done: int
    since: float
    tries: int = 0


class Watcher:
    """Turns files of the inbox into messages, and archives them once the database has their rows."""

    def __init__(
        self,
        *,
        folder: DataFolder,
        database: Database,
        schema: Schema,
        catalog: Catalog,
        queue: WriterQueue,
        config: WatcherConfig,
    ) -> None:
        self._folder = folder
        self._database = database
        self._schema = schema
        self._catalog = catalog
        self._queue = queue
        self._republish_seconds = config.republish_seconds
        self._intake = Intake(
            folder=folder,
            database=database,
            schema=schema,
            catalog=catalog,
            bounds=config.bounds,
            settle_seconds=config.settle_seconds,
        )
        self._feeder = Feeder(database=database, schema=schema, queue=queue, backlog_messages=config.backlog_messages)
        self._open: dict[int, ClaimedName] = {}
        self._progress: dict[int, _Progress] = {}

    @property
    def waiting(self) -> Collection[WaitingFile]:
        """The files in the inbox that are not claimed, and why."""
        return self._intake.waiting

    @property
    def unreadable_loads(self) -> Collection[int]:
        """The loads whose files could not be read at the last try."""
        return self._feeder.unreadable

    @property
    def open_loads(self) -> Collection[int]:
        """The loads whose files are in processing/."""
        return self._open.keys()

    def rescan(self, renamed_in: Collection[str] = ()) -> None:
        """Look at the folders and the books: what is new, what is finished, what stands still."""
        self._intake.claim(renamed_in, room=_MOST_OPEN - len(self._open))
        self._adopt()
        known = self._look_up(self._open.keys())
        self._finish(known)
        self._forget([load_id for load_id in self._open if load_id not in known])
        self._revive(known)

    def publish(self) -> bool:
        """Publish one message, if there is one and room for it."""
        return self._feeder.turn()

    def hold_back(self, reason: str, message: str) -> None:
        """Say in the books why nothing is published."""
        self._feeder.hold_back(reason, message)

    def _adopt(self) -> None:
        adopted = self._intake.adopt(self._open.keys())
        known = self._look_up([claimed.load_id for claimed in adopted])
        for claimed in adopted:
            self._open[claimed.load_id] = claimed
            if known[claimed.load_id].state in ("claimed", "reading"):
                self._read(claimed, known[claimed.load_id].file)

    def _read(self, claimed: ClaimedName, file: str) -> None:
        dataset = self._catalog.datasets.get(claimed.dataset or "")
        if dataset is None:
            self._refuse(claimed, file)
        else:
            self._feeder.add(Reading(claimed, dataset, self._folder.processing / str(claimed)))

    def _refuse(self, claimed: ClaimedName, file: str) -> None:
        reason, message = "no-dataset", f"the configuration has no dataset {claimed.dataset!r} any more"
        if claimed.dataset is None:
            try:
                dataset_of(file, self._catalog.datasets)
            except FileRefused as error:
                reason, message = error.code, str(error)
        with self._database.transaction() as connection:
            loads.mark_refused(connection, self._schema, claimed.load_id, reason=reason, message=message)
        _log.warning("file refused: %s", message, extra=facts("file_refused", load_id=claimed.load_id, reason=reason))

    def _look_up(self, load_ids: Collection[int]) -> dict[int, Load]:
        if not load_ids:
            return {}
        with self._database.transaction() as connection:
            return loads.find(connection, self._schema, load_ids)

    def _finish(self, known: dict[int, Load]) -> None:
        """Take out the files whose loads are complete or refused in the books; the books say so first."""
        complete = [load for load in known.values() if load.state == "complete"]
        if complete:
            self._close_books(complete)
        finished = [load for load in known.values() if load.state in ("complete", "archived", "refused")]
        for load in finished:
            self._take_out(load)
        if finished:
            finishing.make_moves_last(self._folder)
            self._forget([load.load_id for load in finished])

    def _close_books(self, complete: list[Load]) -> None:
        with self._database.transaction() as connection:
            for load in complete:
                if load.rejected:
                    finishing.write_rejects(connection, self._schema, self._folder, self._open[load.load_id], load)
            loads.mark_archived(connection, self._schema, [load.load_id for load in complete])

    def _take_out(self, load: Load) -> None:
        claimed = self._open[load.load_id]
        if load.state == "refused":
            finishing.reject(self._folder, claimed, code=load.reason or "", message=load.message or "")
        else:
            finishing.archive(self._folder, claimed)
        action = "file_rejected" if load.state == "refused" else "file_archived"
        _log.info("file taken out", extra=facts(action, load_id=load.load_id, file=load.file))

    def _forget(self, load_ids: Iterable[int]) -> None:
        """Drop what is known of loads; a file that is still in processing/ is adopted again."""
        for load_id in list(load_ids):
            self._feeder.drop([load_id])
            del self._open[load_id]
            self._progress.pop(load_id, None)

    def _revive(self, known: dict[int, Load]) -> None:
        """Publish again what has stood still with nothing in the queue: the broker lost its messages."""
        now = time.monotonic()
        being_read = set(self._feeder.load_ids)
        for load_id, load in known.items():
            if load.state != "published" or load_id in being_read:
                continue
            progress = self._progress.setdefault(load_id, _Progress(load.rows_done, now))
            if progress.rows_done != load.rows_done:
                self._progress[load_id] = _Progress(load.rows_done, now)
            elif self._stands_still(progress, now):
                progress.since, progress.tries = now, progress.tries + 1
                _log.warning("load stands still, publishing it again", extra=facts("load_revived", load_id=load_id))
                self._read(self._open[load_id], load.file)

    def _stands_still(self, progress: _Progress, now: float) -> bool:
        patience_seconds = self._republish_seconds * 2 ** min(progress.tries, 6)
        return now - progress.since >= patience_seconds and self._queue.backlog(WRITER_QUEUE) == 0
