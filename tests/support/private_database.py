"""A private database server whose settings tests may change."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from tests.support.servers.found import DatabaseServer
from tests.support.servers.isolation import Database, own_database
from tests.support.servers.programs import InstalledPrograms
from tests.support.servers.scripts import scripted_mysql

ACCOUNT = "inflow"


def start_private_server(closing_all: ExitStack, scripts: str | None) -> DatabaseServer:
    """Start a MySQL with the scripts of a folder, or the server installed on this machine; `closing_all` ends it.

    Raises Unavailable with the reason if there is none.
    """
    if not scripts:
        return InstalledPrograms(closing_all).database()
    mysql = scripted_mysql(Path(scripts), closing_all)
    mysql.start()
    return mysql.server


def administrator(database: Database) -> "closing[Connection]":
    """Connect without being counted among the database's users."""
    return administrator_of(DatabaseServer(url=make_url(database.url).set(database="")))


def administrator_of(server: DatabaseServer) -> "closing[Connection]":
    """Connect with an account that may change all settings."""
    return closing(create_engine(server.url, poolclass=NullPool, isolation_level="AUTOCOMMIT").connect())


@contextmanager
def database_of_an_account(server: DatabaseServer) -> Iterator[Database]:
    """Create a database for an account without privileges that bypass settings, and drop both at the end."""
    with own_database(server) as own, administrator(own) as connection:
        url = make_url(own.url)
        connection.execute(text(f"CREATE USER '{ACCOUNT}'@'%'"))
        try:
            connection.execute(text(f"GRANT ALL ON {url.database}.* TO '{ACCOUNT}'@'%'"))
            yield replace(own, url=url.set(username=ACCOUNT).render_as_string())
        finally:
            connection.execute(text(f"DROP USER '{ACCOUNT}'@'%'"))
