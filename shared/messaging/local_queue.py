"""The in-process queue of embedded mode: the same messages and the same handling as with RabbitMQ, one at a time."""

from collections import deque
from threading import Event

from shared.messaging.delivery import Answer, Handler, OnDeadLetter, Patience, ignore_dead_letter, settle
from shared.messaging.envelope import Envelope, encode
from shared.messaging.topology import QUEUES, Queue


class LocalQueue:
    """Holds messages in memory until they are delivered. After a crash they are published again."""

    def __init__(self) -> None:
        self._messages: dict[str, deque[bytes]] = {queue.role: deque() for queue in QUEUES}
        self._patience = Patience()
        #: Bodies that could not be handled, in place of a dead-letter queue.
        self.dead_letters: list[bytes] = []

    def publish(self, message: Envelope) -> None:
        """Append a message to every queue that takes its kind."""
        for queue in QUEUES:
            if message.kind in queue.routing_keys:
                self._messages[queue.role].append(encode(message))

    def backlog(self, queue: Queue) -> int:
        """Count the messages waiting in a queue."""
        return len(self._messages[queue.role])

    def given_up(self, _queue: Queue) -> int:
        """Count the dead letters. Only the writer's queue has any."""
        return len(self.dead_letters)

    def deliver(
        self, queue: Queue, handle: Handler, *, stop: Event, on_dead_letter: OnDeadLetter = ignore_dead_letter
    ) -> bool:
        """Deliver one message and return whether there was one; a message interrupted by a stop stays in the queue."""
        messages = self._messages[queue.role]
        if not messages:
            return False
        settlement = settle(handle, messages[0], stop=stop, patience=self._patience, on_dead_letter=on_dead_letter)
        if settlement.outcome is Answer.DEAD_LETTER:
            self.dead_letters.append(messages[0])
        if settlement.outcome is not Answer.NONE:
            messages.popleft()
        return True
