"""Tokens and origins of loads that tests claim themselves."""

from shared.messaging.envelope import Origin
from shared.messaging.payloads import Payload


def token_of(load_id: int) -> str:
    """The token of a load that was claimed by a test."""
    return f"{load_id:016x}"


def origin_of(payload: Payload) -> Origin:
    """The origin of a message of such a load; it leaves open which installation it is of."""
    return Origin(token=token_of(payload.load_id))
