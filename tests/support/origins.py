"""Tokens and origins of loads that tests claim themselves."""

from shared.messaging.envelope import Origin
from shared.messaging.payloads import Payload


def token_of(load_id: int) -> str:
    """Return the token of a load that a test claimed."""
    return f"{load_id:016x}"


def origin_of(payload: Payload) -> Origin:
    """Return the origin of a message of such a load, without an installation id."""
    return Origin(token=token_of(payload.load_id))
