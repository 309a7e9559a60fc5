"""The loads in the ledger, and the queries that look them up."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Self

import orjson
from sqlalchemy import Connection, Row, func, select

from shared.storage.schema.schema import Schema

State = Literal["claimed", "reading", "published", "complete", "archived", "refused"]
#: The states of loads whose rows are not all applied yet.
OPEN_STATES: Sequence[State] = ("claimed", "reading", "published")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One claimed file: its state and its counts. Times are in UTC."""

    load_id: int
    #: Created at the claim; empty if that was before loads had tokens.
    token: str
    #: The maximum rows and bytes of a chunk; both None if the claim was before they were recorded.
    chunk_rows: int | None
    chunk_bytes: int | None
    file: str
    dataset: str | None
    state: State
    reason: str | None
    message: str | None
    size_bytes: int
    modified_at: datetime
    header: tuple[str, ...]
    ignored_columns: tuple[str, ...]
    read_as: str | None
    confidence_percent: int | None
    row_count: int | None
    #: The account of the file's lines that are not rows; None if it is not known.
    lines: Mapping[str, Any] | None
    fingerprint: str | None
    first_pass_milliseconds: int | None
    rows_done: int
    inserted: int
    updated: int
    unchanged: int
    superseded: int
    rejected: int
    claimed_at: datetime
    completed_at: datetime | None
    summarised_at: datetime | None

    @property
    def rows_read(self) -> int:
        """Rows of the file, as far as they are known yet."""
        return self.rows_done if self.row_count is None else self.row_count

    @property
    def seconds(self) -> float | None:
        """Time from the claim to the last row's commit; None while the load is not complete."""
        return None if self.completed_at is None else (self.completed_at - self.claimed_at).total_seconds()

    @classmethod
    def from_row(cls, row: Row[Any]) -> Self:
        """Build from a row of inflow_loads."""
        values = {name: row._mapping[name] for name in cls.__slots__}
        for name in ("header", "ignored_columns"):
            values[name] = tuple(orjson.loads(values[name] or "[]"))
        lines = None if values["lines"] is None else orjson.loads(values["lines"])
        return cls(**{**values, "token": values["token"] or "", "lines": lines})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAs:
    """How a load's file is read."""

    #: The feed: the kind of files that this one is compared with.
    feed: str
    #: The format signature of the file, JSON; None if later files must not be compared with it.
    manner: str | None
    #: In words.
    description: str
    #: From 0 to 1.
    confidence: float


def find(connection: Connection, schema: Schema, load_ids: Iterable[int]) -> dict[int, Load]:
    """Look up loads by number."""
    table = schema.loads
    rows = connection.execute(select(table).where(table.c.load_id.in_(list(load_ids))))
    return {row.load_id: Load.from_row(row) for row in rows}


def in_processing(connection: Connection, schema: Schema) -> list[tuple[int, str]]:
    """List the loads whose files are still in processing/, according to the ledger: number and token of each."""
    table = schema.loads
    query = select(table.c.load_id, table.c.token).where(table.c.state.in_((*OPEN_STATES, "complete")))
    return [(load_id, token or "") for load_id, token in connection.execute(query)]


def before(connection: Connection, schema: Schema, load_id: int, *, limit: int) -> list[Load]:
    """List the loads before this one, latest first."""
    table = schema.loads
    query = select(table).where(table.c.load_id < load_id).order_by(table.c.load_id.desc()).limit(limit)
    return [Load.from_row(row) for row in connection.execute(query)]


def after(connection: Connection, schema: Schema, load_id: int, *, limit: int) -> list[Load]:
    """List the loads after this one, oldest first."""
    table = schema.loads
    query = select(table).where(table.c.load_id > load_id).order_by(table.c.load_id).limit(limit)
    return [Load.from_row(row) for row in connection.execute(query)]


def last(connection: Connection, schema: Schema, *, limit: int) -> list[Load]:
    """List the last loads, oldest first."""
    query = select(schema.loads).order_by(schema.loads.c.load_id.desc()).limit(limit)
    return [Load.from_row(row) for row in connection.execute(query)][::-1]


def before_in_states(
    connection: Connection, schema: Schema, load_id: int, states: Sequence[State], *, limit: int
) -> list[Load]:
    """List the loads before this one that are in these states, oldest first."""
    table = schema.loads
    mine = (table.c.load_id < load_id) & table.c.state.in_(states)
    query = select(table).where(mine).order_by(table.c.load_id).limit(limit)
    return [Load.from_row(row) for row in connection.execute(query)]


def count(connection: Connection, schema: Schema) -> int:
    """Count all loads."""
    return connection.scalar(select(func.count()).select_from(schema.loads)) or 0


def signature_before(connection: Connection, schema: Schema, load_id: int, dataset: str, feed: str) -> str | None:
    """Return the format signature of the last file of a feed before this load's that was not refused."""
    table = schema.loads
    earlier = (table.c.load_id < load_id, table.c.state != "refused", table.c.manner.is_not(None))
    query = select(table.c.manner).where(table.c.feed == feed, table.c.dataset == dataset, *earlier)
    return connection.execute(query.order_by(table.c.load_id.desc()).limit(1)).scalar_one_or_none()
