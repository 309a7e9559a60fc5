"""The watcher, the writers and the aggregators, with the steps of their services."""

from services.aggregator.aggregator import Aggregator
from services.watcher.rounds import Rounds
from services.writer.handlers import WriterHandlers
from services.writer.relay import Relay
from shared.messaging.topology import AGGREGATOR_QUEUE, WATCHER_QUEUE, WRITER_QUEUE
from shared.model.errors import BrokerUnavailable
from shared.runtime.lifecycle import on_folder
from verification.simulation.process import Process, Site

_RESCAN_CHANCE, _HEAR_CHANCE = 0.35, 0.1
_RELAY_CHANCE, _REDRIVE_CHANCE = 0.2, 0.1
_TICK_CHANCE = 0.3


class Hints:
    """What the kernel tells of the inbox."""

    def __init__(self) -> None:
        #: The files that were renamed into it since the last look.
        self.renamed_in: set[str] = set()

    def wait(self, _seconds: float, /) -> tuple[bool, set[str]]:
        """Tell of them, without waiting."""
        renamed_in, self.renamed_in = self.renamed_in, set()
        return bool(renamed_in), renamed_in

    def follow_folders(self) -> None:
        """It tells of all folders."""

    def wake(self) -> None:
        """It never waits."""

    def close(self) -> None:
        """What was not told is lost."""
        self.renamed_in = set()


class WatcherProcess(Process):
    """The watcher."""

    def __init__(self, site: Site) -> None:
        super().__init__(site, "watcher", WATCHER_QUEUE)
        self.hints = Hints()
        self._rounds = self._new_rounds()

    def begin(self) -> None:
        self.hints = Hints()
        self._rounds = self._new_rounds()

    def take_step(self) -> None:
        chance = self.site.world.random.random()
        if chance < _HEAR_CHANCE:
            self._hear()
        elif chance < _HEAR_CHANCE + _RESCAN_CHANCE:
            self._look()
        else:
            self._publish()

    def take_all_steps(self) -> None:
        self._look()
        while self._publish():
            pass
        while self._hear():
            pass

    def close(self) -> None:
        self._rounds.close()

    def _look(self) -> None:
        self.site.world.tell("rescans")
        with on_folder():
            self._rounds.look()

    def _publish(self) -> bool:
        try:
            with on_folder():
                return self._rounds.watcher.publish()
        except BrokerUnavailable as error:
            self._rounds.hold_back(str(error))
            raise

    def _new_rounds(self) -> Rounds:
        site = self.site
        return Rounds(
            folder=site.folder,
            store=site.store,
            queue=site.broker,
            config=site.config,
            hints=self.hints,
            clock=site.world.clock,
        )

    def _hear(self) -> bool:
        self.site.broker.redrive(WATCHER_QUEUE)
        return self.consumer.step(lambda _body: None, self.stop)


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
