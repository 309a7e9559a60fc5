"""Reports: what waits and why, what was loaded and how it came out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from inflow import queues, services
from inflow.ages import age
from inflow.queues import Queues
from shared.operations.unresolved_references import Waiting, waiting_references
from shared.runtime.clock import utc_now
from shared.storage.ledger import loads, rejects, waiting_files
from shared.storage.ledger import service_processes as service_books
from shared.storage.ledger.loads import Load
from shared.storage.ledger.service_processes import ServiceProcess
from shared.storage.ledger.waiting_files import WaitingFile
from shared.storage.store import Store

_COLUMNS = (
    "load", "file", "dataset", "state", "read", "inserted", "updated", "unchanged", "superseded", "rejected",
    "healed", "open", "waiting", "seconds", "reason", "age",
)  # fmt: skip
_MAX_LINES = 30

#: Why a load is not further, where nothing holds it back.
_ON_ITS_WAY = {
    "claimed": "waits-its-turn",
    "reading": "being-published",
    "published": "with-the-writers",
    "complete": "being-archived",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The ledger at one moment."""

    files: Sequence[WaitingFile]
    loads: Sequence[Load]
    waiting: Mapping[int, Waiting]
    #: How many rejected rows later loads healed, by the load that they are of.
    healed: Mapping[int, int]
    services: Sequence[ServiceProcess]
    #: Datasets whose tables can't be used as they are, and why.
    held: Mapping[str, str]
    #: In UTC.
    taken_at: datetime


def take_snapshot(store: Store) -> Snapshot:
    """Read the ledger."""
    with store.transaction() as connection:
        return Snapshot(
            files=waiting_files.all_files(connection, store.schema),
            loads=loads.all_loads(connection, store.schema),
            waiting=waiting_references(connection, store),
            healed=rejects.healed_counts(connection, store.schema),
            services=service_books.all_services(connection, store.schema),
            held=store.held,
            taken_at=utc_now(),
        )


def as_json(snapshot: Snapshot, broker: Queues = None) -> str:
    """Everything, for machines."""
    files = [
        {
            "file": file.file,
            "state": file.state,
            "reason": file.reason,
            "message": file.message,
            "since": file.since,
        }
        for file in snapshot.files
    ]
    total = sum(snapshot.waiting.values(), Waiting())
    return _json(
        {
            "services": services.as_list(snapshot.services, snapshot.taken_at),
            "held": dict(snapshot.held),
            "inbox": files,
            "loads": [_as_mapping(load, snapshot) for load in snapshot.loads],
            "waiting_rows": total.rows,
            "broker": queues.as_mapping(broker),
        }
    )


def loads_as_json(snapshot: Snapshot) -> str:
    """All loads, for machines."""
    return _json([_as_mapping(load, snapshot) for load in snapshot.loads])


def as_text(snapshot: Snapshot, broker: Queues = None) -> str:
    """The services, what waits, the open and the last loads, the references that wait, and the queues."""
    lines = list(services.as_text(snapshot.services, snapshot.taken_at))
    lines += [f"dataset {name} is held: {why}" for name, why in snapshot.held.items()]
    lines.append(f"inbox: {len(snapshot.files)} waiting")
    lines += [f"  {_waiting_file(file, snapshot.taken_at)}" for file in snapshot.files[:_MAX_LINES]]
    if len(snapshot.files) > _MAX_LINES:
        lines.append(f"  … and {len(snapshot.files) - _MAX_LINES} more")
    shown = _shown(snapshot.loads)
    lines.append(
        f"loads: {len(snapshot.loads)}{', these are open or recent' if len(shown) < len(snapshot.loads) else ''}"
    )
    lines += [f"  {line}" for line in _table(shown, snapshot)]
    lines += [f"  load {load.load_id}: {load.message}" for load in shown if load.message]
    lines += [f"  load {load.load_id}: {named}" for load in shown if (named := _named_lines(load))]
    lines += _references(snapshot)
    lines += queues.as_text(broker)
    return "\n".join(lines)


def loads_as_text(snapshot: Snapshot) -> str:
    """All loads, a line each."""
    return "\n".join(_table(snapshot.loads, snapshot)) or "no loads yet"


def _shown(rows: Sequence[Load]) -> list[Load]:
    """The last loads, and those before them that are still open."""
    still_open = [load for load in rows[:-_MAX_LINES] if load.state in _ON_ITS_WAY]
    return [*still_open[:_MAX_LINES], *rows[-_MAX_LINES:]]


def _reason(load: Load) -> str | None:
    return load.reason or _ON_ITS_WAY.get(load.state)


def _waiting_file(file: WaitingFile, now: datetime) -> str:
    waited = "" if file.since is None else f" for {age(file.since, now)}"
    return f"{file.file}: {file.state}{waited} ({file.reason}): {file.message}"


def _named_lines(load: Load) -> str:
    """The lines that are neither rows nor a plain header nor blank."""
    if load.lines is None or load.lines["named"].keys() <= {"header", "blank"}:
        return ""
    named = load.lines["named"]
    return f"of {load.lines['lines']} lines, {', '.join(f'{count} {reason}' for reason, count in named.items())}"


def _references(snapshot: Snapshot) -> list[str]:
    return [
        f"load {load_id}: {waiting.rows} references wait for {waiting.members} rows that no file has stated yet"
        for load_id, waiting in sorted(snapshot.waiting.items())
    ]


def _table(rows: Sequence[Load], snapshot: Snapshot) -> list[str]:
    if not rows:
        return []
    cells = [_COLUMNS, *(_cells(load, snapshot) for load in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    numeric = (0, *range(4, 14))
    return [
        "  ".join(
            cell.rjust(width) if position in numeric else cell.ljust(width)
            for position, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def _cells(load: Load, snapshot: Snapshot) -> tuple[str, ...]:
    healed = snapshot.healed.get(load.load_id, 0)
    counts = (
        load.rows_read,
        load.inserted,
        load.updated,
        load.unchanged,
        load.superseded,
        load.rejected,
        healed,
        load.rejected - healed,
        snapshot.waiting.get(load.load_id, Waiting()).rows,
    )
    seconds = "" if load.seconds is None else f"{load.seconds:.1f}"
    names = (str(load.load_id), load.file, load.dataset or "-", load.state)
    waited = age(load.claimed_at, snapshot.taken_at) if load.state in _ON_ITS_WAY else ""
    return (*names, *map(str, counts), seconds, _reason(load) or "", waited)


def _as_mapping(load: Load, snapshot: Snapshot) -> dict[str, object]:
    references = snapshot.waiting.get(load.load_id, Waiting())
    healed = snapshot.healed.get(load.load_id, 0)
    return {
        "load_id": load.load_id,
        "file": load.file,
        "dataset": load.dataset,
        "state": load.state,
        "reason": _reason(load),
        "message": load.message,
        "rows_read": load.rows_read,
        "inserted": load.inserted,
        "updated": load.updated,
        "unchanged": load.unchanged,
        "superseded": load.superseded,
        "rejected": load.rejected,
        "healed": healed,
        "open": load.rejected - healed,
        "waiting_rows": references.rows,
        "waiting_for": references.members,
        "lines": load.lines,
        "ignored_columns": list(load.ignored_columns),
        "read_as": load.read_as,
        "confidence_percent": load.confidence_percent,
        "claimed_at": load.claimed_at,
        "completed_at": load.completed_at,
        "summarised": load.summarised_at is not None,
        "first_pass_seconds": None if load.first_pass_milliseconds is None else load.first_pass_milliseconds / 1000,
        "seconds": load.seconds,
    }


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z).decode()
