"""Registers claimed files in the ledger: their load numbers, and their first entries."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from shared.runtime.clock import utc_now
from shared.storage.schema.schema import Schema

_LOADS = "loads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claimed file with its load number."""

    load_id: int
    token: str
    chunk_rows: int
    chunk_bytes: int
    file: str
    dataset: str | None
    size_bytes: int
    modified_at: datetime


def reserve_numbers(connection: Connection, schema: Schema, *, count: int, floor: int) -> range:
    """Reserve `count` load numbers, all above `floor` and above any reserved before."""
    table = schema.sequences
    mine = table.c.name == _LOADS
    last = connection.scalar(select(table.c.value).where(mine).with_for_update())
    if last is None:
        connection.execute(insert(table).values(name=_LOADS, value=0))
        last = 0
    first = max(last, floor) + 1
    connection.execute(update(table).where(mine).values(value=first + count - 1))
    return range(first, first + count)


def register(connection: Connection, schema: Schema, claims: Sequence[Claim]) -> None:
    """Enter claimed files in the ledger; open loads are left unchanged."""
    table = schema.loads
    known = set(connection.scalars(select(table.c.load_id).where(table.c.load_id.in_([c.load_id for c in claims]))))
    rows = [
        {
            "load_id": claim.load_id,
            "token": claim.token or None,
            "chunk_rows": claim.chunk_rows,
            "chunk_bytes": claim.chunk_bytes,
            "file": claim.file,
            "dataset": claim.dataset,
            "state": "claimed",
            "size_bytes": claim.size_bytes,
            "modified_at": claim.modified_at,
            "claimed_at": utc_now(),
        }
        for claim in claims
        if claim.load_id not in known
    ]
    if rows:
        connection.execute(insert(table), rows)
