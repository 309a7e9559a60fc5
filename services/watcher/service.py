"""The watcher as a service: one active per data folder, others stand by."""

import logging
import time
from collections.abc import Callable
from functools import partial

from services.extractor.settings import WatcherConfig
from services.watcher.rounds import Rounds
from shared.configuration.environment import Environment
from shared.messaging.rabbitmq import Consumer, Publisher
from shared.messaging.topology import WATCHER_QUEUE
from shared.model.errors import BrokerUnavailable, TransientError
from shared.runtime.files import FileLock
from shared.runtime.health import BEAT_SECONDS
from shared.runtime.lifecycle import SideTask, on_folder, report_failure, retry, retry_on_folder
from shared.runtime.logs import facts
from shared.service.running import Context, consume_forever

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
        self._publisher = Publisher(
            context.broker,
            name="inflow-watcher",
            installation_id=context.store.installation_id,
            on_wait=self._hold_back,
        )
        self._rounds = Rounds(folder=context.folder, store=context.store, queue=self._publisher, config=config)
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
            self._rounds.close()
            self._publisher.close()

    def _watch(self) -> None:
        stop = self._context.stop
        while not stop.is_set():
            if retry(self._step, stop=stop, on_failure=self._report):
                self._rounds.hear()
            else:
                self._rounds.wait()

    def _step(self) -> bool:
        """Rescan if it is time, and publish one message; say whether there was one."""
        with on_folder():
            published = self._rounds.turn()
            # Many turns in a row may publish nothing: to compare or to sort a file takes long.
            self._publisher.serve()
            self._beat()
        return published

    def _beat(self) -> None:
        """Say now and then that folder, database and broker were all there for this step."""
        if time.monotonic() >= self._next_beat:
            self._context.heartbeat.beat()
            self._next_beat = time.monotonic() + BEAT_SECONDS

    def _report(self, error: BaseException, pause_seconds: float) -> None:
        report_failure(error, pause_seconds)
        self._context.heartbeat.wait(str(error))
        if isinstance(error, BrokerUnavailable):
            self._hold_back(str(error))

    def _hold_back(self, message: str) -> None:
        """The broker is waited for, or has failed."""
        self._rounds.hold_back(message)

    def _listen(self) -> None:
        """A completed load ends the pause between rescans: its file is archived at once."""
        consumer = Consumer(
            self._context.broker,
            WATCHER_QUEUE,
            name="inflow-watcher-completions",
            installation_id=self._context.store.installation_id,
        )
        consume_forever(
            consumer,
            lambda _body: self._rounds.wake(),
            stop=self._context.stop,
            tick=lambda: None,
            tick_seconds=BEAT_SECONDS,
        )
