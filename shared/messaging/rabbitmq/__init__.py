"""RabbitMQ through pika, which no other package imports: connect, declare, publish, consume, retry dead letters."""

from shared.messaging.rabbitmq.connection import OnWait, declare_all, ignore_wait
from shared.messaging.rabbitmq.consumer import Consumer
from shared.messaging.rabbitmq.dead_letters import DeadLetter, DeadLetters
from shared.messaging.rabbitmq.publisher import Publisher
from shared.messaging.rabbitmq.queue_states import BrokerState, QueueState, look_at_broker

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
