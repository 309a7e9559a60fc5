"""The id of the installation: created with the tables, and part of every message."""

import uuid

from sqlalchemy import Connection, insert, select

from shared.runtime.clock import utc_now
from shared.storage.schema.schema import Schema


def installation_id(connection: Connection, schema: Schema) -> str | None:
    """Return the id of the installation; None if no service has prepared the database yet."""
    return connection.scalar(select(schema.installation.c.installation_id))


def ensure_installation(connection: Connection, schema: Schema) -> str:
    """Return the id of the installation; create it if there is none. The caller excludes concurrent calls."""
    found = installation_id(connection, schema)
    if found is not None:
        return found
    made = uuid.uuid4().hex
    connection.execute(insert(schema.installation).values(installation_id=made, created_at=utc_now()))
    return made
