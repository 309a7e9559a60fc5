"""The one package that knows pika: connect, declare, publish, consume, and bring dead letters back."""

from shared.broker.connection import declare_all
from shared.broker.consumer import Consumer
from shared.broker.dead_letters import DeadLetter, DeadLetters
from shared.broker.publisher import Publisher

__all__ = ["Consumer", "DeadLetter", "DeadLetters", "Publisher", "declare_all"]
