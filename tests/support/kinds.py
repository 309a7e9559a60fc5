"""The differences between the kinds of databases in tests, and tests for one kind only."""

import pytest
from sqlalchemy import Connection

from tests.support.servers.isolation import Database


def only_on_mysql(database: Database) -> None:
    """Skip a test of what only MySQL and MariaDB do or say."""
    if database.flavour == "postgresql":
        pytest.skip("is about MySQL and MariaDB")


def only_on_postgresql(database: Database) -> None:
    """Skip a test of what only PostgreSQL does or says."""
    if database.flavour != "postgresql":
        pytest.skip("is about PostgreSQL")


def own_session(connection: Connection) -> int:
    """Return the server's number of a connection's session."""
    driver = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        return int(driver.info.backend_pid)  # type: ignore[union-attr]
    return int(driver.thread_id())  # type: ignore[union-attr]


def end_session(flavour: str, number: int) -> str:
    """Return the statement that ends a session."""
    return f"SELECT pg_terminate_backend({number})" if flavour == "postgresql" else f"KILL {number}"


def sleep(flavour: str, seconds: int) -> str:
    """Return the query that takes so long."""
    return f"SELECT pg_sleep({seconds})" if flavour == "postgresql" else f"SELECT SLEEP({seconds})"
