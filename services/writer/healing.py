"""Heals the rejects that the accepted rows of a corrected rejects file name."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from shared.messaging.payloads import RowsExtracted
from shared.model.reject_files import NamedLoad, named_rejects
from shared.model.rows import Rejection
from shared.storage.ledger.rejects import heal
from shared.storage.schema.schema import Schema


def heal_named(connection: Connection, schema: Schema, chunk: RowsExtracted, rejections: Collection[Rejection]) -> None:
    """Mark the rejects that a chunk's accepted rows name: only those of earlier loads of the same dataset."""
    named = named_rejects(chunk, {rejection.line for rejection in rejections})
    if named:
        # In one order everywhere: another writer may heal the same rows.
        for load in sorted(_earlier_loads(connection, schema, chunk, named) & named.keys()):
            heal(connection, schema, load[0], sorted(named[load]), by=chunk.load_id)


def _earlier_loads(
    connection: Connection, schema: Schema, chunk: RowsExtracted, named: Collection[NamedLoad]
) -> set[NamedLoad]:
    """Return the earlier loads of this dataset among those named; rows that name any other load are not its rejects."""
    table = schema.loads
    earlier = [load_id for load_id, _ in named if load_id < chunk.load_id]
    query = select(table.c.load_id, table.c.token).where(table.c.load_id.in_(earlier), table.c.dataset == chunk.dataset)
    return {(load_id, token or "") for load_id, token in connection.execute(query)}
