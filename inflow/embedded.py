"""All services in one process and one thread, on SQLite and a queue in memory: no server."""

import logging
import threading
from dataclasses import replace

from sqlalchemy import URL

from services.aggregator.aggregator import Aggregator
from services.extractor.settings import WatcherConfig
from services.watcher.rounds import Rounds
from services.writer.handlers import WriterHandlers
from services.writer.relay import Relay
from shared.messaging.local_queue import LocalQueue
from shared.messaging.topology import AGGREGATOR_QUEUE, WATCHER_QUEUE, WRITER_QUEUE
from shared.model.datasets import Catalog
from shared.model.errors import ConfigurationError
from shared.runtime.exit_codes import ExitCode
from shared.runtime.files import DataFolder
from shared.runtime.folder_owner import own_folder
from shared.runtime.health import Health
from shared.runtime.lifecycle import retry_on_folder
from shared.runtime.logs import facts
from shared.service.running import report_held
from shared.storage.database import Database
from shared.storage.ledger import completions, load_reasons
from shared.storage.store import open_store

_log = logging.getLogger(__name__)

#: Memory, not durability, bounds this queue; a load stalls only if a restart lost it, so waiting is useless.
_BACKLOG_MESSAGES = 4
_REPUBLISH_SECONDS = 0.5


def embedded_database(folder: DataFolder, *, read_only: bool = False) -> Database:
    """Open the database of an embedded data folder. ConfigurationError where it is a link, or anything but a file."""
    path = folder.database
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise ConfigurationError(f"{path} is not a regular file; the database of a data folder is one that lies in it")
    return Database(URL.create("sqlite", database=str(folder.database)), read_only=read_only)


class Embedded:
    """One data folder's pipeline. Use it after taking the folder's run lock."""

    def __init__(
        self,
        *,
        folder: DataFolder,
        catalog: Catalog,
        config: WatcherConfig,
        health: Health,
        stop: threading.Event,
    ) -> None:
        folder.create()
        self._stop = stop
        self._health = health
        self._store = open_store(embedded_database(folder), catalog)
        report_held(self._store.held, {})
        own_folder(folder, self._store.owner)
        self._queue = LocalQueue()
        self._rounds = Rounds(
            folder=folder,
            store=self._store,
            queue=self._queue,
            config=replace(config, backlog_messages=_BACKLOG_MESSAGES, republish_seconds=_REPUBLISH_SECONDS),
            at_each_look=self._catch_up,
        )
        self._writer = WriterHandlers(self._store, on_completed=self._rounds.hurry)
        self._relay = Relay(self._store, self._queue)
        self._aggregator = Aggregator(folder=folder, store=self._store, stop=stop)

    def run(self, *, until_idle: bool) -> ExitCode:
        """Run until a stop is requested, or until nothing is left to do."""
        try:
            retry_on_folder(self._let_go, stop=self._stop)
            retry_on_folder(self._aggregator.recompute, stop=self._stop)
            while not self._stop.is_set():
                if retry_on_folder(self._step, stop=self._stop):
                    continue
                if until_idle and self._is_idle():
                    return self._verdict()
                self._rounds.wait()
            return ExitCode.OK
        finally:
            self._rounds.close()
            self._store.database.close()

    def _let_go(self) -> None:
        """The queue was in memory, and with it the dead letters that held loads back: they are published again."""
        with self._store.transaction() as connection:
            load_reasons.redrive(connection, self._store.schema)

    def _step(self) -> bool:
        """Do one thing of each kind that there is to do; say whether there was any."""
        worked = self._rounds.turn()
        worked |= self._queue.deliver(
            WRITER_QUEUE, self._writer.handle, stop=self._stop, on_dead_letter=self._writer.mark_dead_lettered
        )
        worked |= self._queue.deliver(AGGREGATOR_QUEUE, self._aggregator.handle, stop=self._stop)
        worked |= self._queue.deliver(WATCHER_QUEUE, lambda _body: self._rounds.hurry(), stop=self._stop)
        return worked

    def _catch_up(self) -> None:
        """What the other services do on a timer."""
        self._relay.run_once()
        self._aggregator.catch_up()
        self._health.beat()

    def _is_idle(self) -> bool:
        """Whether everything that can be done is done; what needs a person is not waited for."""
        if not self._rounds.watcher.is_idle:
            return False
        with self._store.transaction() as connection:
            unsent = completions.unsent_events(connection, self._store.schema)
            return not unsent and not completions.unsummarised(connection, self._store.schema)

    def _verdict(self) -> ExitCode:
        """Say what needs a person, if anything does."""
        watcher = self._rounds.watcher
        for file in watcher.waiting:
            _log.warning("%s: %s", file.file, file.message, extra=facts("needs_attention", reason=file.reason))
        unfinished = [*watcher.open_loads, *watcher.lost_loads]
        for load_id in unfinished:
            _log.warning("load %d can't be finished", load_id, extra=facts("needs_attention", load_id=load_id))
        attention = bool(watcher.waiting or unfinished or watcher.has_refused or self._store.held)
        return ExitCode.ATTENTION if attention else ExitCode.OK
