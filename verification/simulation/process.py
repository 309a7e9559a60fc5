"""A process of the product: it is started, takes steps, may be killed at any point, and is restarted."""

import traceback
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from services.extractor.settings import WatcherConfig
from shared.messaging.delivery import OnDeadLetter, ignore_dead_letter
from shared.messaging.topology import Queue
from shared.model.errors import TransientError
from shared.runtime.files import DataFolder
from shared.storage.store import Store
from tests.support.faults import Crash
from verification.simulation.broker import SimulatedBroker
from verification.simulation.consumer import SimulatedConsumer
from verification.simulation.faults import BETWEEN_STEPS, STOPPED
from verification.simulation.pauses import SimulatedStop
from verification.simulation.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The servers, data folder and settings shared by all processes."""

    world: World
    broker: SimulatedBroker
    store: Store
    folder: DataFolder
    config: WatcherConfig


class Process(ABC):
    """Runs the main loop of a service, one step at a time."""

    def __init__(
        self, site: Site, name: str, queue: Queue, *, on_dead_letter: OnDeadLetter = ignore_dead_letter
    ) -> None:
        self.name = name
        self.is_dead = True
        self.site = site
        self.consumer = SimulatedConsumer(site.world, site.broker, queue, on_dead_letter=on_dead_letter)
        self.stop = SimulatedStop(site.world)

    @abstractmethod
    def begin(self) -> None:
        """Start with only the state on the servers and in the folder."""

    @abstractmethod
    def take_step(self) -> None:
        """Take one step of a random kind."""

    @abstractmethod
    def take_all_steps(self) -> None:
        """Take steps of all kinds until there is nothing to do."""

    @abstractmethod
    def close(self) -> None:
        """Close what the kernel would close for a killed process."""

    def step(self) -> None:
        """Take a step. Transient errors are retried later, as in the services."""
        self._run(self._step)

    def work_off(self) -> None:
        """Do all work that there is now."""
        self._run(self.take_all_steps)

    def end(self) -> None:
        """End the process with all its memory; deliveries are requeued."""
        self.is_dead = True
        self.consumer.let_go()
        self.close()

    def _step(self) -> None:
        if self.site.world.at(BETWEEN_STEPS) == STOPPED:
            self.stop.set()
        else:
            self.take_step()

    def _run(self, action: Callable[[], None]) -> None:
        with self.site.world.act(self):
            try:
                if self.is_dead:
                    self._start()
                action()
            except Crash:
                self.end()
            except TransientError as error:
                self.site.world.tell(f"will try again: {type(error).__name__}")
            except Exception:
                self.site.world.problems.append(f"{self.name} failed:\n{traceback.format_exc()}")
            if self.stop.is_set() and not self.is_dead:
                self.site.world.tell("stops")
                self.end()

    def _start(self) -> None:
        self.site.world.tell("starts")
        self.is_dead = False
        self.stop = SimulatedStop(self.site.world)
        self.begin()
