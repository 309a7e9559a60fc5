"""Garbage under properties that ask for something, of the broker or of who puts it aside."""

import struct
from collections.abc import Mapping
from typing import Any

import pika

from verification.poison.messages import Poison

#: Where headers send copies that nobody wants.
COPIES_KEY = "copies"

#: AMQP's mark that a message has headers.
_HAS_HEADERS = 1 << 13

_HEADERS: Mapping[str, Mapping[str, Any]] = {
    "a copy for others": {"CC": [COPIES_KEY]},
    "a hidden copy for others": {"BCC": [COPIES_KEY]},
    "a forged death": {"x-death": [{"queue": "inflow.writer", "reason": "rejected", "count": 7, "exchange": ""}]},
    "a death that is a text": {"x-death": "often"},
    "a reason of its own": {"x-inflow-reason": "nobody's business"},
    "headers of 60 kB": {f"header-{number}": "x" * 1000 for number in range(59)},
    "headers of 120 kB": {f"header-{number}": "x" * 1000 for number in range(117)},
}
_PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    "an expiration": {"expiration": "1"},
    "a priority": {"priority": 255},
    "a reply address": {"reply_to": "somebody", "correlation_id": "1"},
    "an encoding": {"content_encoding": "gzip", "content_type": "text/csv"},
    "no persistence": {"delivery_mode": pika.DeliveryMode.Transient.value},
    "a time beyond all times": {"timestamp": 2**64 - 1},
}
#: Headers as other clients write them: name and value, each with its length or type.
_FOREIGN_HEADERS: Mapping[str, bytes] = {
    "a header's name that is no Unicode": b"\x02\xff\xfet\x01",
    "a header's value that is no Unicode": b"\x01vS\x00\x00\x00\x02\xff\xfe",
    "a header that is a fraction": b"\x01vd" + struct.pack(">d", 0.5),
    "a header that is a time in milliseconds": b"\x01vT" + struct.pack(">Q", 1_715_949_000_000),
}


class _ForeignProperties(pika.BasicProperties):  # type: ignore[misc]  # pika has no types
    """Headers as they are on the wire."""

    def __init__(self, headers: bytes) -> None:
        super().__init__()
        self._encoded_headers = headers

    def encode(self) -> list[bytes]:
        return [struct.pack(">HI", _HAS_HEADERS, len(self._encoded_headers)), self._encoded_headers]


def badly_addressed(*, user: str) -> list[Poison]:
    """Return all of them; the broker checks who a message says it is from."""
    properties = {
        "a user": pika.BasicProperties(user_id=user),
        **{name: pika.BasicProperties(**each) for name, each in _PROPERTIES.items()},
        **{name: pika.BasicProperties(headers=dict(each)) for name, each in _HEADERS.items()},
        **{name: _ForeignProperties(each) for name, each in _FOREIGN_HEADERS.items()},
    }
    return [
        Poison(name=name, body=f"garbage with {name}".encode(), properties=each) for name, each in properties.items()
    ]
