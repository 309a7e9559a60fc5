"""The whole content of the ledger at once: the product reads it page by page."""

from sqlalchemy import Connection, select

from shared.storage.ledger.loads import Load
from shared.storage.schema.schema import Schema


def all_loads(connection: Connection, schema: Schema) -> list[Load]:
    """List every load, oldest first."""
    return [Load.from_row(row) for row in connection.execute(select(schema.loads).order_by(schema.loads.c.load_id))]
