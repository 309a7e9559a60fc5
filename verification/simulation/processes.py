"""The watcher, the writers and the aggregators, with the steps of their services."""

from services.aggregator.aggregator import Aggregator
from services.watcher.watcher import Watcher
from services.writer.handlers import WriterHandlers
from services.writer.relay import Relay
from shared.messaging.topology import AGGREGATOR_QUEUE, WATCHER_QUEUE, WRITER_QUEUE
from shared.model.errors import BrokerUnavailable, FolderUnavailable, TransientError
from verification.simulation.process import Process, Site

_RESCAN_CHANCE, _HEAR_CHANCE = 0.35, 0.1
_RELAY_CHANCE, _REDRIVE_CHANCE = 0.2, 0.1
_TICK_CHANCE = 0.3


class WatcherProcess(Process):
    """The watcher. `renamed_in` are the kernel's events of the inbox since the last rescan."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, "watcher", WATCHER_QUEUE)
        self.renamed_in: set[str] = set()
        self._watcher: Watcher | None = None

    def begin(self) -> None:
        self.renamed_in = set()

    def take_step(self) -> None:
        chance = self.site.world.random.random()
        if chance < _HEAR_CHANCE:
            self._hear()
        elif chance < _HEAR_CHANCE + _RESCAN_CHANCE:
            self._rescan()
        else:
            self._publish()

    def take_all_steps(self) -> None:
        self._rescan()
        while self._publish():
            pass
        while self._hear():
            pass

    def close(self) -> None:
        if self._watcher is not None:
            self._watcher.close()
        self._watcher = None

    def _rescan(self) -> None:
        self.site.world.tell("rescans")
        renamed_in, self.renamed_in = self.renamed_in, set()
        try:
            self._current().rescan(renamed_in)
        except OSError as error:
            raise FolderUnavailable(str(error)) from error

    def _publish(self) -> bool:
        try:
            return self._current().publish()
        except OSError as error:
            raise FolderUnavailable(str(error)) from error
        except BrokerUnavailable as error:
            self._hold_back(str(error))
            raise

    def _hold_back(self, message: str) -> None:
        try:
            self._current().hold_back("broker-unavailable", message)
        except TransientError:
            self.site.world.tell("can't even say so in the ledger")

    def _hear(self) -> bool:
        self.site.broker.redrive(WATCHER_QUEUE)
        return self.consumer.step(lambda _body: None, self.stop)

    def _current(self) -> Watcher:
        if self._watcher is None:
            site = self.site
            self._watcher = Watcher(folder=site.folder, store=site.store, queue=site.broker, config=site.config)
        return self._watcher


class WriterProcess(Process):
    """One writer with its relay."""

    def __init__(self, site: Site, number: int) -> None:
        super().__init__(site, f"writer {number}", WRITER_QUEUE, on_dead_letter=self._mark_dead_lettered)
        self.begin()

    def begin(self) -> None:
        self._handlers = WriterHandlers(self.site.store, on_completed=lambda: None)
        self._relay = Relay(self.site.store, self.site.broker)

    def take_step(self) -> None:
        chance = self.site.world.random.random()
        if chance < _RELAY_CHANCE:
            self._relay.run_once()
        elif chance < _RELAY_CHANCE + _REDRIVE_CHANCE:
            self.site.broker.redrive(WRITER_QUEUE)
        else:
            self.consumer.step(self._handlers.handle, self.stop)

    def take_all_steps(self) -> None:
        self.site.broker.redrive(WRITER_QUEUE)
        while self.consumer.step(self._handlers.handle, self.stop):
            pass
        while self._relay.run_once():
            pass

    def close(self) -> None:
        """Do nothing: a writer has no open files."""

    def _mark_dead_lettered(self, load_id: int, reason: str) -> None:
        self._handlers.mark_dead_lettered(load_id, reason)


class AggregatorProcess(Process):
    """One aggregator: it recomputes when it starts, on events, and on a timer."""

    def __init__(self, site: Site, number: int) -> None:
        super().__init__(site, f"aggregator {number}", AGGREGATOR_QUEUE)
        self.begin()

    def begin(self) -> None:
        self._aggregator = Aggregator(folder=self.site.folder, store=self.site.store, stop=self.stop)
        self._is_first_tick = True

    def take_step(self) -> None:
        if self._is_first_tick or self.site.world.random.random() < _TICK_CHANCE:
            self._tick()
        else:
            self.consumer.step(self._aggregator.handle, self.stop)

    def take_all_steps(self) -> None:
        self._tick()
        while self.consumer.step(self._aggregator.handle, self.stop):
            pass

    def close(self) -> None:
        """Do nothing: the lock is released with its file when the process ends."""

    def _tick(self) -> None:
        self.site.broker.redrive(AGGREGATOR_QUEUE)
        if self._is_first_tick:
            self._aggregator.recompute()
            self._is_first_tick = False
        self._aggregator.catch_up()
