"""Poison messages, including well-formed ones that a writer can't use."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

import pika

from shared.messaging.payloads import LoadCompleted, LoadExtracted, Payload, RowsExtracted
from shared.model.unreadable_rows import UnreadableRow
from tests.support.deliveries import body

if TYPE_CHECKING:
    from shared.model.reasons import Reason

MALFORMED, CONTRADICTORY, REFUSED = "MalformedMessage: ", "ContradictoryMessage: ", "RowsRefused: "

#: A chunk as a watcher publishes it.
CHUNK = RowsExtracted(
    load_id=1,
    dataset="people",
    first_row=0,
    header=["given_name", "family_name", "date_of_birth", "place_of_birth"],
    lines=[2],
    rows=[["Kim", "Ash", "1937-01-02", "Weir"]],
    unreadable=[],
)
_UNREADABLE = UnreadableRow(line=3, code="dialect-error", message="", raw="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """A message that must be dead-lettered; bodies are distinct."""

    name: str
    body: bytes
    #: How the reason begins.
    reason: str = MALFORMED
    properties: pika.BasicProperties = field(default_factory=pika.BasicProperties)


def contradictory(*, complete: LoadExtracted, begun: RowsExtracted, tokens: Mapping[int, str]) -> list[Poison]:
    """Return messages that contradict the ledger: one load has its manifest and all rows, another only a chunk."""
    behind = replace(CHUNK, load_id=complete.load_id, first_row=complete.row_count)
    payloads: Mapping[str, Payload] = {
        "rows of an unknown dataset": replace(CHUNK, load_id=complete.load_id, dataset="animals"),
        "rows that overlap others": replace(CHUNK, load_id=begun.load_id, first_row=begun.first_row + 1),
        "more rows than the manifest says": behind,
        "another manifest": replace(complete, row_count=complete.row_count + 1),
        "a manifest of all numbers": replace(complete, row_count=2**63 - 1),
    }
    bodies = {name: body(payload, token=tokens[payload.load_id]) for name, payload in payloads.items()}
    return [Poison(name=name, body=each, reason=CONTRADICTORY) for name, each in bodies.items()]


def refused_by_the_database(*, complete: LoadExtracted, token: str) -> list[Poison]:
    """Return messages with values that no table can store."""
    behind = replace(CHUNK, load_id=complete.load_id, first_row=complete.row_count)
    long_code = replace(behind, unreadable=[replace(_UNREADABLE, code=cast("Reason", "x" * 65))])
    twice_on_a_line = replace(behind, unreadable=[_UNREADABLE, _UNREADABLE])
    # Unstorable rows are rejected individually; here there are more of them than the load has rows.
    without_key = replace(behind, header=["a", "b", "c", "d"])
    return [
        Poison(name="a code that is too long", body=body(long_code, token=token), reason=REFUSED),
        Poison(name="rows without their key", body=body(without_key, token=token), reason=CONTRADICTORY),
        Poison(
            name="two unreadable rows on one line", body=body(twice_on_a_line, token=token), reason="ConcurrentInsert: "
        ),
    ]


def misdirected(payload: Payload = CHUNK) -> list[Poison]:
    """Return a valid message of a kind that this queue does not take."""
    return [Poison(name=f"a {payload.kind}", body=body(payload))]


EVENT = LoadCompleted(load_id=1, dataset="places")
