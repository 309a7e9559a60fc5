"""The books on loads: what the watcher, the aggregator and the reports read and write of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Self

import orjson
from sqlalchemy import Connection, Row, bindparam, case, delete, func, insert, select, update

from shared.reasons import Reason
from shared.schema import Schema

State = Literal["claimed", "reading", "published", "complete", "archived", "refused"]
#: The states of loads whose rows are still on their way.
_OPEN: Sequence[State] = ("claimed", "reading", "published")

#: The reason of a load that can't complete until somebody redrives its dead letters.
DEAD_LETTERED = "dead-lettered"
#: Of a load whose file was written to after its claim: the file goes back into the inbox, and becomes another load.
CHANGED_WHILE_READ: Reason = "changed-while-read"

_LOADS = "loads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One claimed file: its state and its accounts. Times are in UTC."""

    load_id: int
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
        """Rows of the file, as far as it is known yet."""
        return self.rows_done if self.row_count is None else self.row_count

    @property
    def seconds(self) -> float | None:
        """Time from the claim to the last row's commit; None while it is not complete."""
        return None if self.completed_at is None else (self.completed_at - self.claimed_at).total_seconds()

    @classmethod
    def from_row(cls, row: Row[Any]) -> Self:
        """Build from a row of inflow_loads."""
        values = {name: row._mapping[name] for name in cls.__slots__}
        for name in ("header", "ignored_columns"):
            values[name] = tuple(orjson.loads(values[name] or "[]"))
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingFile:
    """A file in the inbox that the watcher has not claimed, and why."""

    file: str
    state: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A file that got its load number."""

    load_id: int
    file: str
    dataset: str | None
    size_bytes: int
    modified_at: datetime


def utc_now() -> datetime:
    """Return the time as the books keep it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def instant_now() -> datetime:
    """Return the time as messages carry it: UTC, with its zone."""
    return datetime.now(UTC)


def reserve_numbers(connection: Connection, schema: Schema, *, count: int, floor: int) -> range:
    """Give out that many load numbers, all above `floor` and above any given out before."""
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
    """Open the books on claimed files; those that are open stay as they are."""
    table = schema.loads
    known = set(connection.scalars(select(table.c.load_id).where(table.c.load_id.in_([c.load_id for c in claims]))))
    rows = [
        {
            "load_id": claim.load_id,
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


def mark_first_pass(connection: Connection, schema: Schema, load_id: int, *, milliseconds: int) -> None:
    """Record how long the file's rows were looked at before any was published."""
    table = schema.loads
    mine = table.c.load_id == load_id
    connection.execute(update(table).where(mine).values(first_pass_milliseconds=milliseconds))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAs:
    """How a load's file is read."""

    #: What files it is compared with.
    feed: str
    #: What it shows of its sender's ways, JSON; None where it is not to be compared with.
    manner: str | None
    #: In words.
    description: str
    #: From 0 to 1.
    confidence: float


def manner_before(connection: Connection, schema: Schema, load_id: int, dataset: str, feed: str) -> str | None:
    """Return the manner of the last file of a feed before this load's that was not refused."""
    table = schema.loads
    earlier = (table.c.load_id < load_id, table.c.state != "refused", table.c.manner.is_not(None))
    query = select(table.c.manner).where(table.c.feed == feed, table.c.dataset == dataset, *earlier)
    return connection.execute(query.order_by(table.c.load_id.desc()).limit(1)).scalar_one_or_none()


def mark_reading(
    connection: Connection,
    schema: Schema,
    load_id: int,
    *,
    header: Sequence[str],
    ignored: Sequence[str],
    read_as: ReadAs,
) -> None:
    """Record that the file's header fits, how it is read, and that its rows are being published."""
    _transition(
        connection,
        schema,
        load_id,
        _OPEN,
        state="reading",
        header=orjson.dumps(list(header)).decode(),
        ignored_columns=orjson.dumps(list(ignored)).decode(),
        feed=read_as.feed,
        manner=read_as.manner,
        read_as=read_as.description,
        confidence_percent=round(100 * read_as.confidence),
    )


def mark_published(connection: Connection, schema: Schema, load_id: int, *, fingerprint: str | None) -> None:
    """Record that the broker has all chunks and the manifest; a load that is complete by now stays so.

    A dead letter still holds it back.
    """
    table = schema.loads
    mine = table.c.load_id == load_id
    connection.execute(update(table).where(mine).values(published_at=utc_now(), fingerprint=fingerprint))
    # MySQL assigns from left to right: a condition on the reason is the same after its assignment as before.
    kept = {column: case((table.c.reason == DEAD_LETTERED, column)) for column in (table.c.reason, table.c.message)}
    is_open = table.c.state.in_(("claimed", "reading"))
    connection.execute(update(table).where(mine & is_open).values({"state": "published", **kept}))


def mark_refused(connection: Connection, schema: Schema, load_id: int, *, reason: str, message: str) -> None:
    """Record that the file can't be loaded as it is."""
    _transition(connection, schema, load_id, _OPEN, state="refused", reason=reason, message=message)


def mark_archived(connection: Connection, schema: Schema, load_ids: Sequence[int]) -> None:
    """Record that the files of complete loads leave processing/."""
    table = schema.loads
    mine = table.c.load_id.in_(load_ids) & (table.c.state == "complete")
    connection.execute(update(table).where(mine).values(state="archived", archived_at=utc_now()))
    # Nobody will publish them again; that the file was compared, and with what, is history.
    published = schema.changes.c.load_id.in_(load_ids)
    connection.execute(update(schema.changes).where(published).values(changed_lines="[]"))


def mark_changed(connection: Connection, schema: Schema, load_id: int, message: str | None) -> None:
    """Record that the file of a finished load goes back into the inbox, as it is not what was read any more."""
    mark_archived(connection, schema, [load_id])
    table = schema.loads
    values = {"reason": CHANGED_WHILE_READ, "message": message}
    connection.execute(update(table).where(table.c.load_id == load_id).values(values))


def mark_dead_lettered(connection: Connection, schema: Schema, load_id: int, message: str) -> None:
    """Record that a message of a load was given up: the load waits until it is redriven."""
    _explain(connection, schema, [load_id], _OPEN, DEAD_LETTERED, message)


def dead_lettered(connection: Connection, schema: Schema) -> list[Load]:
    """List the loads that dead letters hold back, oldest first."""
    table = schema.loads
    mine = (table.c.reason == DEAD_LETTERED) & table.c.state.in_(_OPEN)
    return [Load.from_row(row) for row in connection.execute(select(table).where(mine).order_by(table.c.load_id))]


def redrive(connection: Connection, schema: Schema) -> list[Load]:
    """Let go on what dead letters hold back; return the loads as they were."""
    held_back = dead_lettered(connection, schema)
    table = schema.loads
    mine = table.c.load_id.in_([load.load_id for load in held_back]) & (table.c.reason == DEAD_LETTERED)
    connection.execute(update(table).where(mine).values(reason=None, message=None))
    return held_back


def explain(
    connection: Connection, schema: Schema, load_ids: Iterable[int], reason: str | None, message: str | None
) -> None:
    """Say why loads that are being read or wait for the writers do not go on; None: they do."""
    _explain(connection, schema, load_ids, _OPEN, reason, message)


def explain_move(
    connection: Connection, schema: Schema, load_ids: Iterable[int], reason: str | None, message: str | None
) -> None:
    """Say why the files of complete loads do not get into the archive; None: they are there."""
    _explain(connection, schema, load_ids, ("complete", "archived"), reason, message)


def find(connection: Connection, schema: Schema, load_ids: Iterable[int]) -> dict[int, Load]:
    """Look up loads by number."""
    table = schema.loads
    rows = connection.execute(select(table).where(table.c.load_id.in_(list(load_ids))))
    return {row.load_id: Load.from_row(row) for row in rows}


def before(connection: Connection, schema: Schema, load_id: int, *, limit: int) -> list[Load]:
    """List the loads before this one, latest first."""
    table = schema.loads
    query = select(table).where(table.c.load_id < load_id).order_by(table.c.load_id.desc()).limit(limit)
    return [Load.from_row(row) for row in connection.execute(query)]


def rejected_lines(connection: Connection, schema: Schema, load_id: int) -> frozenset[int]:
    """Return the lines of a load's rejected rows."""
    table = schema.rejects
    return frozenset(connection.scalars(select(table.c.line).where(table.c.load_id == load_id)))


def all_loads(connection: Connection, schema: Schema) -> list[Load]:
    """List every load, oldest first."""
    return [Load.from_row(row) for row in connection.execute(select(schema.loads).order_by(schema.loads.c.load_id))]


def unsummarised(connection: Connection, schema: Schema) -> list[int]:
    """List the complete loads that the summaries do not include for sure yet."""
    table = schema.loads
    pending = table.c.completed_at.is_not(None) & table.c.summarised_at.is_(None)
    return list(connection.scalars(select(table.c.load_id).where(pending)))


def mark_summarised(connection: Connection, schema: Schema, load_ids: Sequence[int]) -> None:
    """Record that the summaries include these loads."""
    table = schema.loads
    connection.execute(update(table).where(table.c.load_id.in_(load_ids)).values(summarised_at=utc_now()))


def ask_for_summaries(connection: Connection, schema: Schema) -> None:
    """Have the aggregator write the summaries anew: the last complete load counts as not included."""
    table = schema.loads
    last = connection.scalar(select(func.max(table.c.load_id)).where(table.c.completed_at.is_not(None)))
    connection.execute(update(table).where(table.c.load_id == last).values(summarised_at=None))


def unsent_events(connection: Connection, schema: Schema) -> int:
    """Count the outbox's events still to publish."""
    return connection.scalar(select(func.count()).select_from(schema.outbox)) or 0


def waiting_files(connection: Connection, schema: Schema) -> list[WaitingFile]:
    """List the files of the inbox that the watcher has not claimed."""
    table = schema.inbox
    rows = connection.execute(
        select(table.c.file, table.c.state, table.c.reason, table.c.message).order_by(table.c.file)
    )
    return [WaitingFile(**row._mapping) for row in rows]


def replace_waiting_files(
    connection: Connection, schema: Schema, *, gone: Sequence[str], seen: Sequence[WaitingFile]
) -> None:
    """Bring the list of unclaimed files up to date."""
    table = schema.inbox
    # Name by name: all of them may be more than one statement can take.
    names = [{"name": name} for name in (*gone, *(file.file for file in seen))]
    connection.execute(delete(table).where(table.c.file == bindparam("name")), names)
    if seen:
        rows: list[Mapping[str, Any]] = [
            {"file": f.file, "state": f.state, "reason": f.reason, "message": f.message, "since": utc_now()}
            for f in seen
        ]
        connection.execute(insert(table), rows)


def _explain(
    connection: Connection,
    schema: Schema,
    load_ids: Iterable[int],
    states: Sequence[State],
    reason: str | None,
    message: str | None,
) -> None:
    """Give a reason, unless there is one that stays.

    With a dead letter a load can't complete, and a file that has changed goes back, whatever else holds it back.
    """
    table = schema.loads
    mine = table.c.load_id.in_(list(load_ids)) & table.c.state.in_(states)
    may_be_replaced = table.c.reason.is_(None) | table.c.reason.not_in((DEAD_LETTERED, CHANGED_WHILE_READ))
    connection.execute(update(table).where(mine & may_be_replaced).values(reason=reason, message=message))


def _transition(connection: Connection, schema: Schema, load_id: int, states: Sequence[State], **values: Any) -> None:
    """Move a load on, unless it is past these states already; what held it back is forgotten."""
    table = schema.loads
    mine = (table.c.load_id == load_id) & table.c.state.in_(states)
    connection.execute(update(table).where(mine).values({"reason": None, "message": None, **values}))
