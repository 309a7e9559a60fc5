"""The open sessions of a database server."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from shared.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session, with its current statement, if any."""

    number: int
    statement: str
    state: str


def ping(database: Database) -> None:
    """Run a trivial query; raises the error as the product classifies it."""
    with database.transaction() as connection:
        connection.execute(text("SELECT 1"))


def sessions(connection: Connection, *, database: str) -> list[Session]:
    """List a database's sessions.

    MySQL's information_schema.processlist says the same, but fails while a statement has a character of four bytes.
    """
    if connection.dialect.name == "postgresql":
        # In one transaction it would say the same for ever.
        connection.execute(text("SELECT pg_stat_clear_snapshot()"))
        query = text("SELECT pid, query, coalesce(wait_event_type, '') FROM pg_stat_activity WHERE datname = :database")
        found = connection.execute(query, {"database": database})
        return [Session(number=number, statement=statement, state=state) for number, statement, state in found]
    rows = connection.execute(text("SHOW FULL PROCESSLIST")).mappings()
    return [
        Session(number=row["Id"], statement=row["Info"] or "", state=row["State"] or "")
        for row in rows
        if row["db"] == database
    ]
