"""The one package that knows pika: connect, declare, publish, consume, and bring dead letters back."""

from shared.broker.connection import OnWait, declare_all, ignore_wait
from shared.broker.consumer import Consumer
from shared.broker.dead_letters import DeadLetter, DeadLetters
from shared.broker.publisher import Publisher
from shared.broker.queue_states import BrokerState, QueueState, look_at_broker

__all__ = [
    "BrokerState",
    "Consumer",
    "DeadLetter",
    "DeadLetters",
    "OnWait",
    "Publisher",
    "QueueState",
    "declare_all",
    "ignore_wait",
    "look_at_broker",
]
