"""The digests of the summary files: a file whose content is not what its database wrote is written again."""

from sqlalchemy import Connection, delete, insert, select

from shared.runtime.clock import utc_now
from shared.storage.schema.schema import Schema


def digests(connection: Connection, schema: Schema) -> dict[str, str]:
    """Return the digest of each summary file that was written, by its name."""
    table = schema.summaries
    return {file: digest for file, digest in connection.execute(select(table.c.file, table.c.digest))}  # noqa: C416


def record(connection: Connection, schema: Schema, file: str, digest: str) -> None:
    """Record the digest of a file's content."""
    table = schema.summaries
    known = connection.scalar(select(table.c.digest).where(table.c.file == file))
    if known != digest:
        connection.execute(delete(table).where(table.c.file == file))
        connection.execute(insert(table).values(file=file, digest=digest, written_at=utc_now()))
