"""Connections to a PostgreSQL: what is verified, how long an answer may take, and which servers cost a connection."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.pool import NullPool

from shared.configuration.environment import Environment
from shared.configuration.servers import DatabaseSettings
from shared.model.errors import DatabaseUnavailable, RowsRefused
from shared.storage.database import Database
from tests.conftest import got
from tests.support.certificates import Authority, Signed, authority, copied
from tests.support.missing import missing
from tests.support.servers.found import DatabaseServer, Unavailable
from tests.support.servers.isolation import own_database
from tests.support.servers.postgres import private_postgres
from tests.support.servers.session import Servers
from tests.support.sessions import ping

#: What the server's certificate is for, which is not where the tests reach it.
SERVER_NAME = "server.example"


@pytest.fixture(scope="module")
def known() -> Iterator[Authority]:
    with authority("known") as known:
        yield known


@pytest.fixture(scope="module")
def unknown() -> Iterator[Authority]:
    with authority("unknown") as unknown:
        yield unknown


@pytest.fixture(scope="module")
def signed(known: Authority) -> Signed:
    return known.sign("server", SERVER_NAME)


@pytest.fixture(scope="module")
def tls_server(servers: Servers, known: Authority, signed: Signed) -> Iterator[DatabaseServer]:
    # The shared server comes first: its way may install the program.
    got(lambda: servers.postgresql, what="PostgreSQL")

    def options(folder: Path) -> Sequence[str]:
        cert, key = copied(folder, signed.cert, signed.key)
        key.chmod(0o600)
        if os.geteuid() == 0:
            shutil.chown(key, "postgres")
        return ["ssl=on", f"ssl_cert_file={cert}", f"ssl_key_file={key}"]

    with ExitStack() as closing_all:
        try:
            postgres = private_postgres(closing_all, options)
            postgres.start()
        except Unavailable as reason:
            missing(f"no PostgreSQL with TLS ({reason})")
        yield postgres.server


@pytest.fixture
def url(servers: Servers) -> Iterator[URL]:
    """A database of its own."""
    with own_database(got(lambda: servers.postgresql, what="PostgreSQL")) as own:
        yield make_url(own.url)


def is_encrypted(server: DatabaseServer, **variables: object) -> bool:
    """Whether a connection with these settings is, to a server that is reached under another name than its own."""
    url = f"postgresql://postgres@{SERVER_NAME}:{server.url.port}/postgres?hostaddr=127.0.0.1"
    environment = Environment({"DATABASE_URL": url, **{name: str(value) for name, value in variables.items()}})
    settings = DatabaseSettings.from_environment(environment)
    environment.finish()
    asked = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    with closing(Database(settings.url, tls=settings.tls)) as database, database.transaction() as connection:
        return bool(connection.scalar(asked))


def test_the_server_is_verified(tls_server: DatabaseServer, known: Authority, unknown: Authority) -> None:
    assert is_encrypted(tls_server, PGSSLROOTCERT=known.ca)
    assert is_encrypted(tls_server, PGSSLROOTCERT=known.ca, PGSSLMODE="verify-ca")
    # The system's authorities do not know it.
    for variables in ({"PGSSLROOTCERT": unknown.ca}, {"PGSSLMODE": "verify-full"}):
        with pytest.raises(DatabaseUnavailable, match="certificate verify failed"):
            is_encrypted(tls_server, **variables)


def test_a_server_whose_certificate_is_for_another_name_is_refused(
    tls_server: DatabaseServer, known: Authority
) -> None:
    settings = Environment({"DATABASE_URL": f"postgresql://postgres@127.0.0.1:{tls_server.url.port}/postgres"})
    url = DatabaseSettings.from_environment(settings).url
    tls = DatabaseSettings.from_environment(
        Environment({"DATABASE_URL": "postgresql://h/x", "PGSSLROOTCERT": str(known.ca)})
    ).tls
    with (
        closing(Database(url, tls=tls)) as database,
        pytest.raises(DatabaseUnavailable, match="does not match host name"),
    ):
        ping(database)


@pytest.mark.parametrize("mode", ["prefer", "require"])
def test_an_unverified_connection_is_made_only_when_it_is_asked_for(tls_server: DatabaseServer, mode: str) -> None:
    assert is_encrypted(tls_server, PGSSLMODE=mode)
    assert not is_encrypted(tls_server)
    assert not is_encrypted(tls_server, PGSSLMODE="disable")


def test_a_server_without_tls_is_refused_if_tls_is_required(url: URL, known: Authority) -> None:
    settings = Environment({"DATABASE_URL": url.render_as_string(hide_password=False), "PGSSLROOTCERT": str(known.ca)})
    tls = DatabaseSettings.from_environment(settings).tls
    with closing(Database(url, tls=tls)) as database, pytest.raises(DatabaseUnavailable, match="SSL"):
        ping(database)


def test_an_answer_that_is_overdue_costs_the_connection_and_the_next_one_works(url: URL) -> None:
    """A server that is frozen keeps the connection up, and never answers."""
    with closing(Database(url.update_query_dict({"read_timeout": "1"}))) as database:
        ping(database)
        with pytest.raises(DatabaseUnavailable, match="timed out"), database.transaction() as connection:
            connection.execute(text("SELECT pg_sleep(20)"))
        ping(database)


def test_a_server_that_is_read_only_costs_the_connection(url: URL) -> None:
    """As after a failover: the ping that a pooled connection has to pass succeeds there."""
    administrator = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with closing(Database(url)) as database:
        with administrator.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {url.database} SET default_transaction_read_only = on"))
        with pytest.raises(DatabaseUnavailable, match="read-only"), database.transaction() as connection:
            connection.execute(text("CREATE TABLE t (a INT)"))
        with administrator.connect() as connection:
            connection.execute(text("SET default_transaction_read_only = off"))
            connection.execute(text(f"ALTER DATABASE {url.database} RESET default_transaction_read_only"))
        with database.transaction() as connection:
            connection.execute(text("CREATE TABLE t (a INT)"))


def test_a_key_that_no_index_takes_is_a_refused_row(url: URL) -> None:
    """2,704 bytes is what an entry may have; repetitive texts are compressed, these are not."""
    with closing(Database(url)) as database:
        with database.transaction() as connection:
            connection.execute(text("CREATE TABLE t (a VARCHAR(4000) PRIMARY KEY)"))
        long = "".join(chr(0x4E00 + (number * 7919) % 20_000) for number in range(3000))
        with pytest.raises(RowsRefused, match="index row"), database.transaction() as connection:
            connection.execute(text("INSERT INTO t VALUES (:long)"), {"long": long})
