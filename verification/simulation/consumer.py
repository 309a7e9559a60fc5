"""A consumer on the simulated broker, which settles and acknowledges like the real one."""

from shared.messaging.delivery import Answer, Handler, OnDeadLetter, Patience, ignore_dead_letter, settle
from shared.messaging.topology import Queue
from verification.simulation.broker import Message, SimulatedBroker
from verification.simulation.faults import AFTER_ACK, AFTER_DELIVERY, BEFORE_ACK, CONNECTION_LOST
from verification.simulation.pauses import SimulatedStop
from verification.simulation.world import World

_PREFETCH = 2


class SimulatedConsumer:
    """Holds a window of deliveries, which are requeued when its connection is lost or its process ends."""

    def __init__(
        self, world: World, broker: SimulatedBroker, queue: Queue, *, on_dead_letter: OnDeadLetter = ignore_dead_letter
    ) -> None:
        self._world = world
        self._broker = broker
        self._queue = queue
        self._on_dead_letter = on_dead_letter
        self._patience = Patience()
        self._held: list[Message] = []

    @property
    def held(self) -> int:
        """The number of unacknowledged deliveries."""
        return len(self._held)

    def step(self, handle: Handler, stop: SimulatedStop) -> bool:
        """Handle one delivery, if there is one."""
        while len(self._held) < _PREFETCH and (message := self._broker.deliver(self._queue)) is not None:
            self._held.append(message)
        if not self._held:
            return False
        self._handle(self._held[0], handle, stop)
        return True

    def let_go(self) -> None:
        """Requeue the deliveries: the connection is lost, or the process has ended."""
        held, self._held = self._held, []
        self._broker.take_back(self._queue, held)

    def forget(self) -> None:
        """Drop the deliveries, which the broker no longer knows."""
        self._held = []

    def _handle(self, message: Message, handle: Handler, stop: SimulatedStop) -> None:
        self._world.tell(f"handles {message.about}")
        if self._world.at(AFTER_DELIVERY) == CONNECTION_LOST:
            # The delivery being handled is finished nevertheless; only its answer comes too late.
            self.let_go()
        settlement = settle(
            handle, message.body, stop=stop, patience=self._patience, on_dead_letter=self._on_dead_letter
        )
        if self._world.at(BEFORE_ACK) == CONNECTION_LOST or stop.has_lost_connection:
            stop.has_lost_connection = False
            self.let_go()
        if settlement.outcome is Answer.NONE or not any(held is message for held in self._held):
            return
        if settlement.outcome is Answer.DEAD_LETTER:
            self._broker.dead_letters.append(f"{message.about}: {settlement.reason}")
        if settlement.outcome is Answer.FOREIGN and not message.is_foreign:
            self._world.problems.append(f"{message.about} is ours, and set aside: {settlement.reason}")
        self._held = [held for held in self._held if held is not message]
        self._world.tell(f"acknowledges {message.about}")
        self._world.at(AFTER_ACK)
