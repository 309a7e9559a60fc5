"""Garbage with properties that the broker, or the code that dead-letters it, might act on."""

import struct
from collections.abc import Mapping
from typing import Any

import pika

from verification.poison.messages import Poison

#: The queue to which headers would send copies.
COPIES_KEY = "copies"

#: AMQP's property flag for headers.
_HAS_HEADERS = 1 << 13

_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "a copy for others": {"CC": [COPIES_KEY]},
    "a hidden copy for others": {"BCC": [COPIES_KEY]},
    "a forged death": {"x-death": [{"queue": "inflow.writer", "reason": "rejected", "count": 7, "exchange": ""}]},
    "a death that is a text": {"x-death": "often"},
    "a reason of its own": {"x-inflow-reason": "a forged reason"},
    "headers of 60 kB": {f"header-{number}": "x" * 1000 for number in range(59)},
    "headers of 120 kB": {f"header-{number}": "x" * 1000 for number in range(117)},
}
_PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    "an expiration": {"expiration": "1"},
    "a priority": {"priority": 255},
    "a reply address": {"reply_to": "another.queue", "correlation_id": "1"},
    "an encoding": {"content_encoding": "gzip", "content_type": "text/csv"},
    "no persistence": {"delivery_mode": pika.DeliveryMode.Transient.value},
    "a time beyond all times": {"timestamp": 2**64 - 1},
}
#: Headers on the wire, as other clients write them: name and value, each with its length or type.
_FOREIGN_HEADERS: Mapping[str, bytes] = {
    "a header's name that is not Unicode": b"\x02\xff\xfet\x01",
    "a header's value that is not Unicode": b"\x01vS\x00\x00\x00\x02\xff\xfe",
    "a header that is a fraction": b"\x01vd" + struct.pack(">d", 0.5),
    "a header that is a time in milliseconds": b"\x01vT" + struct.pack(">Q", 1_715_949_000_000),
}


class _ForeignProperties(pika.BasicProperties):  # type: ignore[misc]  # pika has no types
    """Encode headers for the wire."""

    def __init__(self, headers: bytes) -> None:
        super().__init__()
        self._encoded_headers = headers

    def encode(self) -> list[bytes]:
        return [struct.pack(">HI", _HAS_HEADERS, len(self._encoded_headers)), self._encoded_headers]


def badly_addressed(*, user: str) -> list[Poison]:
    """Return all of them; `user` is the channel's own user, because the broker checks a message's user id."""
    properties = {
        "a user": pika.BasicProperties(user_id=user),
        **{name: pika.BasicProperties(**each) for name, each in _PROPERTIES.items()},
        **{name: pika.BasicProperties(headers=dict(each)) for name, each in _HEADERS.items()},
        **{name: _ForeignProperties(each) for name, each in _FOREIGN_HEADERS.items()},
    }
    return [
        Poison(name=name, body=f"garbage with {name}".encode(), properties=each) for name, each in properties.items()
    ]
