"""An in-memory broker that behaves like quorum queues, or worse."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from shared.messaging.envelope import Envelope, encode
from shared.messaging.payloads import LoadCompleted, RowsExtracted
from shared.messaging.topology import QUEUES, Queue
from shared.model.errors import BrokerUnavailable, Unroutable
from tests.support.topology import TOPOLOGY
from verification.simulation.faults import (
    AFTER_PUBLICATION,
    BACKLOG,
    BEFORE_PUBLICATION,
    CONFIRM_LOST,
    DOUBLED,
    DROPPED,
    DUPLICATED,
    FOREIGN,
    GIVEN_UP,
    OF_EARLIER_LIFE,
    OUT_OF_ORDER,
    UNAVAILABLE,
    UNROUTABLE,
    WIPED,
)
from verification.simulation.world import World

#: Far below the real limit, so that healthy messages hit it frequently.
_DELIVERY_LIMIT = 2
_OUT_OF_ORDER_CHANCE, _DUPLICATE_CHANCE, _FOREIGN_CHANCE = 0.3, 0.05, 0.1


@dataclass(slots=True)
class Message:
    """A message in a queue, or delivered to a consumer."""

    #: A description for traces.
    about: str
    body: bytes
    deliveries: int = 0
    #: Whether it must not be merged, being of another database or of another load of the same number.
    is_foreign: bool = False


class SimulatedBroker:
    """Stores and delivers messages. `announced` are the loads whose completion was ever published."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queues: dict[str, list[Message]] = {TOPOLOGY.name(queue): [] for queue in QUEUES}
        self._given_up: dict[str, list[Message]] = {TOPOLOGY.name(queue): [] for queue in QUEUES}
        self.dead_letters: list[str] = []
        self.announced: set[int] = set()
        #: Until this time it answers no publisher; consumers have lost their connections and reconnect later.
        self.away_until = 0.0

    def publish(self, message: Envelope) -> None:
        """Store a message or lose it, with or without a confirm."""
        about = f"{message.kind} {message.payload.identity}"
        self._answer()
        fault = self._world.at(BEFORE_PUBLICATION)
        if fault == UNROUTABLE:
            raise Unroutable(about)
        if fault == DROPPED:
            raise BrokerUnavailable(about)
        self._store(message, about)
        fault = self._world.at(AFTER_PUBLICATION)
        if fault == DOUBLED:
            self._store(message, about)
        if fault == CONFIRM_LOST:
            raise BrokerUnavailable(about)

    def backlog(self, queue: Queue) -> int:
        """Count the messages that are not delivered to a consumer."""
        self._answer()
        if self._world.at(BACKLOG) == UNAVAILABLE:
            raise BrokerUnavailable("no answer")
        return len(self._queues[TOPOLOGY.name(queue)])

    def given_up(self, _queue: Queue) -> int:
        """Count the dead letters; any is a problem that ends the run."""
        return len(self.dead_letters)

    def deliver(self, queue: Queue) -> Message | None:
        """Deliver a message, mostly the oldest."""
        waiting = self._queues[TOPOLOGY.name(queue)]
        if not waiting or self._is_away:
            return None
        position = self._world.random.randrange(len(waiting)) if self._world.happens(_OUT_OF_ORDER_CHANCE) else 0
        if position:
            self._world.count(OUT_OF_ORDER)
        if self._world.happens(_DUPLICATE_CHANCE):
            self._world.count(DUPLICATED)
            return replace(waiting[position])
        return waiting.pop(position)

    def take_back(self, queue: Queue, messages: list[Message]) -> None:
        """Requeue unacknowledged deliveries; those above the limit go to the redrive queue."""
        for message in reversed(messages):
            message.deliveries += 1
            if message.deliveries > _DELIVERY_LIMIT:
                self._world.count(GIVEN_UP)
                self._given_up[TOPOLOGY.name(queue)].append(message)
            else:
                self._queues[TOPOLOGY.name(queue)].insert(0, message)

    def redrive(self, queue: Queue) -> None:
        """Put the messages that hit the limit back, each as a new message."""
        given_up, self._given_up[TOPOLOGY.name(queue)] = self._given_up[TOPOLOGY.name(queue)], []
        self._queues[TOPOLOGY.name(queue)] += [replace(message, deliveries=0) for message in given_up]

    def wipe(self) -> None:
        """Lose all messages; delivered ones can no longer be acknowledged."""
        self._world.count(WIPED)
        for messages in (*self._queues.values(), *self._given_up.values()):
            messages.clear()

    def depths(self) -> dict[str, int]:
        """Count all waiting messages, by queue."""
        depths = {name: len(messages) for name, messages in self._queues.items()}
        return depths | {f"{name}.redrive": len(messages) for name, messages in self._given_up.items()}

    @property
    def _is_away(self) -> bool:
        return self._world.clock.time() < self.away_until

    def _answer(self) -> None:
        if self._is_away:
            raise BrokerUnavailable("connection refused")

    def _store(self, message: Envelope, about: str) -> None:
        self._world.tell(f"publishes {about}")
        for queue in QUEUES:
            if message.kind in queue.routing_keys:
                self._queues[TOPOLOGY.name(queue)] += [*self._foreign_ones(message), Message(about, encode(message))]
        if isinstance(message.payload, LoadCompleted):
            self.announced.add(message.payload.load_id)

    def _foreign_ones(self, message: Envelope) -> Iterator[Message]:
        """Perhaps publish the same chunk of another load of the same number, which must not replace ours."""
        if not isinstance(message.payload, RowsExtracted) or not self._world.happens(_FOREIGN_CHANCE):
            return
        fault = self._world.random.choice((FOREIGN, OF_EARLIER_LIFE))
        self._world.count(fault)
        changed = {"installation_id": "another"} if fault == FOREIGN else {"token": "0" * 16}
        rows = [[cell and f"{cell}, foreign" for cell in row] for row in message.payload.rows]
        foreign = replace(
            message, origin=replace(message.origin, **changed), payload=replace(message.payload, rows=rows)
        )
        yield Message(f"foreign {message.kind} {message.payload.identity}", encode(foreign), is_foreign=True)
