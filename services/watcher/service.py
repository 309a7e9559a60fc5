"""The watcher as a service: one active per data folder, others stand by."""

import logging
import time
from collections.abc import Callable
from functools import partial

from services.extractor.settings import WatcherConfig
from services.watcher.claiming.inbox import InboxEvents
from services.watcher.rescan_schedule import Pace
from services.watcher.watcher import Watcher
from shared.configuration.environment import Environment
from shared.messaging.rabbitmq import Consumer, Publisher
from shared.messaging.topology import WATCHER_QUEUE
from shared.model.errors import BrokerUnavailable, FolderUnavailable, TransientError
from shared.runtime.files import FileLock
from shared.runtime.health import BEAT_SECONDS
from shared.runtime.lifecycle import SideTask, report_failure, retry, retry_on_folder
from shared.runtime.logs import facts
from shared.service.running import Context, consume_for_ever

_log = logging.getLogger(__name__)


def prepare(environment: Environment) -> Callable[[Context], None]:
    """Read the watcher's settings; return what runs it."""
    return partial(run, config=WatcherConfig.from_environment(environment))


def run(context: Context, *, config: WatcherConfig) -> None:
    """Watch until a stop is requested, whatever happens to broker and database meanwhile."""
    retry_on_folder(context.folder.create, stop=context.stop)
    lock = context.folder.lock("watcher")
    if not retry_on_folder(partial(_become_active, context, lock), stop=context.stop):
        return
    try:
        _Service(context, config).run()
    finally:
        lock.release()


def _become_active(context: Context, lock: FileLock) -> bool:
    """Wait for the folder's lock; False when a stop is requested before it is ours."""
    if lock.acquire():
        return True
    _log.info("another watcher is active on this folder, standing by", extra=facts("standing_by"))
    while not lock.acquire():
        context.heartbeat.stand_by("another watcher is active on this folder")
        if context.stop.wait(BEAT_SECONDS):
            return False
    return True


class _Service:
    def __init__(self, context: Context, config: WatcherConfig) -> None:
        self._context = context
        self._config = config
        self._publisher = Publisher(
            context.broker,
            name="inflow-watcher",
            installation_id=context.store.installation_id,
            on_wait=self._hold_back,
        )
        self._events = InboxEvents(context.folder.inbox, use_kernel=config.watch == "auto")
        self._watcher: Watcher | None = None
        self._renamed_in: set[str] = set()
        self._pace = Pace(config.rescan_seconds)
        self._next_beat = 0.0

    def run(self) -> None:
        listener = SideTask(self._listen, stop=self._context.stop, name="completions")
        listener.start()
        try:
            self._watch()
        except TransientError as error:
            _log.info("stopping with work left", extra=facts("stopped_early", reason=str(error)))
        finally:
            self._context.stop.set()
            listener.finish()
            if self._watcher is not None:
                self._watcher.close()
            self._publisher.close()
            self._events.close()

    def _watch(self) -> None:
        stop = self._context.stop
        while not stop.is_set():
            published = retry(self._step, stop=stop, on_failure=self._report)
            heard, renamed_in = self._events.wait(0.0 if published else self._pace.seconds_left)
            self._renamed_in |= renamed_in
            if heard:
                self._pace.hurry()

    def _step(self) -> bool:
        """Rescan if it is time, and publish one message; say whether there was one."""
        try:
            if not self._pace.seconds_left:
                self._rescan()
            published = self._current_watcher().publish()
            # Many turns in a row may publish nothing: to compare or to sort a file takes long.
            self._publisher.serve()
            self._beat()
        except OSError as error:
            raise FolderUnavailable(str(error)) from error
        return published

    def _rescan(self) -> None:
        # Of this look alone, even if it fails: at the next one, another file may be on its way under the same name.
        renamed_in, self._renamed_in = self._renamed_in, set()
        with self._pace.look():
            self._current_watcher().rescan(renamed_in)
            self._events.follow_folders()

    def _beat(self) -> None:
        """Say now and then that folder, database and broker were all there for this step."""
        if time.monotonic() >= self._next_beat:
            self._context.heartbeat.beat()
            self._next_beat = time.monotonic() + BEAT_SECONDS

    def _current_watcher(self) -> Watcher:
        """The watcher; it reads the ledger when it is made, so a lost database delays it."""
        if self._watcher is None:
            self._watcher = Watcher(
                folder=self._context.folder,
                store=self._context.store,
                queue=self._publisher,
                config=self._config,
            )
        return self._watcher

    def _report(self, error: BaseException, pause_seconds: float) -> None:
        report_failure(error, pause_seconds)
        self._context.heartbeat.wait(str(error))
        if isinstance(error, BrokerUnavailable):
            self._hold_back(str(error))

    def _hold_back(self, message: str) -> None:
        """Record with the loads that they wait for the broker, while it is waited for or after it failed."""
        if self._watcher is None:
            return
        try:
            self._watcher.hold_back("broker-unavailable", message)
        except TransientError as error:
            report_failure(error, 0.0)

    def _listen(self) -> None:
        """A completed load ends the pause between rescans: its file is archived at once."""
        consumer = Consumer(
            self._context.broker,
            WATCHER_QUEUE,
            name="inflow-watcher-completions",
            installation_id=self._context.store.installation_id,
        )
        consume_for_ever(
            consumer,
            lambda _body: self._events.wake(),
            stop=self._context.stop,
            tick=lambda: None,
            tick_seconds=BEAT_SECONDS,
        )
