"""Messages on the wire: a payload in its envelope, encoded as JSON.

Ids are derived from the content, so a publisher that restarts publishes the same ids. Unknown fields are ignored; a
message of an unknown kind or version is malformed.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID, uuid5

import orjson

from shared.messaging.fields import integer_field, text_field
from shared.messaging.payloads import PAYLOADS, Payload
from shared.model.errors import MalformedMessage

_NAMESPACE = UUID("6f0f6f0e-6a6f-4d0b-9c3f-6d8d2f1f0c11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The installation and load that a message belongs to; both are empty in messages of older versions.

    A load's number does not identify it: other installations use the same numbers, and so does a database that was
    restored or created again.
    """

    installation_id: str = ""
    #: The load's token, created when its file is claimed.
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A message on the wire. `occurred_at` is in UTC."""

    id: UUID
    kind: str
    version: int
    occurred_at: datetime
    origin: Origin
    payload: Payload


class Publishing(Protocol):
    """A destination for messages: the broker, or the queue inside an embedded process."""

    def publish(self, message: Envelope) -> None:
        """Publish a message and return once it is safe; raises TransientError."""


def envelope(payload: Payload, *, origin: Origin, occurred_at: datetime) -> Envelope:
    """Wrap a payload; the same payload of the same origin always gets the same id."""
    return Envelope(
        id=uuid5(
            _NAMESPACE,
            "/".join([*filter(None, [origin.installation_id, origin.token]), payload.kind, payload.identity]),
        ),
        kind=payload.kind,
        version=payload.version,
        occurred_at=occurred_at,
        origin=origin,
        payload=payload,
    )


def encode(message: Envelope) -> bytes:
    """Serialise a message; raises TypeError if a string is not valid Unicode."""
    return orjson.dumps(message, option=orjson.OPT_UTC_Z)


def decode(body: bytes) -> Envelope:
    """Deserialise a body; raises MalformedMessage, and nothing else, for a body that can't be used."""
    try:
        data = orjson.loads(body)
        payload_type = _payload_type(text_field(data, "kind"), integer_field(data, "version"))
        return Envelope(
            id=UUID(data["id"]),
            kind=payload_type.kind,
            version=payload_type.version,
            occurred_at=_instant(data["occurred_at"]),
            origin=_origin(data.get("origin", {})),
            payload=payload_type.parse(data["payload"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise MalformedMessage(f"{type(error).__name__}: {error}") from error


def _payload_type(kind: str, version: int) -> type[Payload]:
    if (kind, version) not in PAYLOADS:
        raise ValueError(f"unknown message: kind {kind!r}, version {version}")
    return PAYLOADS[kind, version]


def _origin(data: dict[str, Any]) -> Origin:
    fields = {"installation_id": "", "token": "", **data}
    return Origin(installation_id=text_field(fields, "installation_id"), token=text_field(fields, "token"))


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("occurred_at: expected a time with a zone")
    return instant.astimezone(UTC)
