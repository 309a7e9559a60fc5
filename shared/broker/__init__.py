"""The one package that knows pika: connect, declare, publish, consume, and bring dead letters back."""

from shared.broker.connection import declare_all
from shared.broker.consumer import Consumer
from shared.broker.dead_letters import DeadLetter, DeadLetters
from shared.broker.publisher import Publisher
from shared.broker.queue_states import BrokerState, QueueState, look_at_broker

__all__ = [
    "BrokerState",
    "Consumer",
    "DeadLetter",
    "DeadLetters",
    "Publisher",
    "QueueState",
    "declare_all",
    "look_at_broker",
]
