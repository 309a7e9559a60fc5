"""A chunk's entries in the ledger, in the transaction that merges it: ledger, rejects, accounts, completion."""

from collections.abc import Sequence

from sqlalchemy import Connection, case, insert, select, update

from services.writer.deltas import as_texts
from services.writer.outcomes import MergePlan
from shared.messaging.payloads import LoadExtracted, RowsExtracted
from shared.model.errors import ContradictoryMessage, UnknownLoad
from shared.model.rows import Rejection
from shared.runtime.clock import utc_now
from shared.storage.schema.schema import Schema


def enter_chunk(connection: Connection, schema: Schema, chunk: RowsExtracted) -> bool:
    """Enter a chunk in the ledger; False if it is there already.

    Raises ContradictoryMessage if it overlaps an entry in part: chunk bounds never change within a load.
    """
    table = schema.chunks
    end = chunk.first_row + chunk.row_count
    before_end = (table.c.load_id == chunk.load_id) & (table.c.first_row < end)
    query = select(table.c.first_row, table.c.row_count).where(before_end).order_by(table.c.first_row.desc()).limit(1)
    previous = connection.execute(query).one_or_none()
    if previous is not None and previous.first_row + previous.row_count > chunk.first_row:
        if tuple(previous) == (chunk.first_row, chunk.row_count):
            return False
        raise ContradictoryMessage(
            f"load {chunk.load_id}: rows {chunk.first_row}+{chunk.row_count} overlap the entry "
            f"{previous.first_row}+{previous.row_count}"
        )
    entry = {"load_id": chunk.load_id, "first_row": chunk.first_row, "row_count": chunk.row_count}
    connection.execute(insert(table), entry)
    return True


def record_rejections(connection: Connection, schema: Schema, load_id: int, rejections: Sequence[Rejection]) -> None:
    """Keep the rejected rows with their reasons."""
    if not rejections:
        return
    rows = [
        {
            "load_id": load_id,
            "line": rejection.line,
            "column_name": rejection.column,
            "code": rejection.code,
            "message": rejection.message,
            "raw": rejection.raw,
        }
        for rejection in rejections
    ]
    connection.execute(insert(schema.rejects), rows)


def record_deltas(connection: Connection, schema: Schema, chunk: RowsExtracted, plan: MergePlan) -> None:
    """Keep what the chunk adds to the kept counts. A chunk that changes rows says so even where it adds nothing.

    For a count that it does not name was not known to this writer: whoever folds it can tell that the count is wrong.
    """
    if not plan.changes_rows:
        return
    chunk_key = {"load_id": chunk.load_id, "first_row": chunk.first_row, "dataset": chunk.dataset}
    rows = [{**chunk_key, "part": part, "deltas": text} for part, text in enumerate(as_texts(plan.deltas))]
    connection.execute(insert(schema.count_deltas), rows)


def count_chunk(connection: Connection, schema: Schema, chunk: RowsExtracted, plan: MergePlan, rejected: int) -> None:
    """Add a chunk's outcomes to its load's accounts. The load's row is the last lock of the transaction.

    Raises UnknownLoad where the ledger does not have it, ContradictoryMessage where it would have more rows than its
    manifest says.
    """
    table = schema.loads
    counts = {
        table.c.rows_done: table.c.rows_done + chunk.row_count,
        table.c.inserted: table.c.inserted + plan.inserted,
        table.c.updated: table.c.updated + plan.updated,
        table.c.unchanged: table.c.unchanged + plan.unchanged,
        table.c.superseded: table.c.superseded + plan.superseded,
        table.c.rejected: table.c.rejected + rejected,
    }
    mine = table.c.load_id == chunk.load_id
    fits = table.c.row_count.is_(None) | (table.c.rows_done + chunk.row_count <= table.c.row_count)
    if connection.execute(update(table).where(mine & fits).values(counts)).rowcount == 0:
        raise _does_not_fit(connection, schema, chunk)


def record_manifest(connection: Connection, schema: Schema, manifest: LoadExtracted) -> None:
    """Record how many rows the load has, and count those that need no chunk; once, however often it comes.

    Raises UnknownLoad where the ledger does not have it, ContradictoryMessage where another number is known, or more
    rows are applied already.
    """
    table = schema.loads
    mine = table.c.load_id == manifest.load_id
    query = select(table.c.row_count, table.c.rows_done).where(mine).with_for_update()
    known = connection.execute(query).one_or_none()
    if known is None:
        raise _unknown(manifest.load_id)
    said = f"load {manifest.load_id}: a manifest of {manifest.row_count} rows"
    if known.row_count not in (None, manifest.row_count):
        raise ContradictoryMessage(f"{said}, one of {known.row_count} is known")
    if known.row_count is not None:
        return
    if manifest.row_count < known.rows_done + manifest.unpublished_count:
        raise ContradictoryMessage(f"{said}, {known.rows_done} are applied already")
    counts = {
        table.c.row_count: manifest.row_count,
        table.c.rows_done: table.c.rows_done + manifest.unpublished_count,
        table.c.unchanged: table.c.unchanged + manifest.unchanged_count,
        table.c.superseded: table.c.superseded + manifest.superseded_count,
    }
    connection.execute(update(table).where(mine).values(counts))


def complete_if_balanced(connection: Connection, schema: Schema, load_id: int, dataset: str) -> bool:
    """Complete the load, with its event in the outbox, if this transaction accounts for its last row.

    The caller's transaction holds the lock on the load's row, by its own update of it: no other transaction
    counts at the same time.
    """
    table = schema.loads
    balanced = (table.c.load_id == load_id) & table.c.completed_at.is_(None) & (table.c.rows_done == table.c.row_count)
    now = utc_now()
    # Its file is out already where a watcher refused to go on reading, and did not know that all was published.
    is_out = table.c.state == "refused"
    # MySQL assigns from left to right: the state, which the others ask for, comes last.
    changes = (
        update(table)
        .where(balanced)
        .ordered_values(
            (table.c.reason, case((is_out, table.c.reason))),
            (table.c.message, case((is_out, table.c.message))),
            (table.c.completed_at, now),
            (table.c.state, case((is_out, "archived"), else_="complete")),
        )
    )
    if connection.execute(changes).rowcount == 0:
        return False
    connection.execute(insert(schema.outbox), {"load_id": load_id, "dataset": dataset, "completed_at": now})
    return True


def _does_not_fit(connection: Connection, schema: Schema, chunk: RowsExtracted) -> ContradictoryMessage | UnknownLoad:
    table = schema.loads
    row_count = connection.scalar(select(table.c.row_count).where(table.c.load_id == chunk.load_id))
    if row_count is None:
        return _unknown(chunk.load_id)
    rows = f"rows {chunk.first_row}+{chunk.row_count}"
    return ContradictoryMessage(f"load {chunk.load_id}: {rows} are more than the {row_count} of its manifest")


def _unknown(load_id: int) -> UnknownLoad:
    return UnknownLoad(f"load {load_id} is not in the ledger; its watcher publishes it again when it enters it")
