"""Locked accounts, fail-overs and silence of a database, which messages and services must survive."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, make_url, text

from shared.model.errors import DatabaseUnavailable
from shared.storage.database import Database as ProductDatabase
from tests.conftest import got
from tests.e2e.test_services import behind_forwarders
from tests.faults.conftest import SETTINGS
from tests.faults.test_database_faults import assert_loaded, drop_more, sessions_of, start_in_mid_load
from tests.support.eventually import eventually
from tests.support.forwarder import forwarder
from tests.support.private_database import ACCOUNT, administrator_of, start_private_server
from tests.support.servers.found import DatabaseServer
from tests.support.servers.isolation import Broker, Database
from tests.support.servers.processes import free_ports
from tests.support.services import Pipeline, Service
from tests.support.sessions import ping
from verification.holding import end_sessions

#: More rows than one writer commits in a moment.
INSERTS = 50
WRITERS = 4
GROUP = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"

pytestmark = pytest.mark.servers


def is_mariadb(connection: Connection) -> bool:
    return bool(connection.dialect.is_mariadb)  # type: ignore[attr-defined]


@pytest.fixture
def operator(private_server: DatabaseServer) -> Iterator[Connection]:
    """An account that may change all settings."""
    with administrator_of(private_server) as connection:
        yield connection


@pytest.fixture
def mysql_operator(operator: Connection) -> Connection:
    """An account that may change all settings, on MySQL only."""
    if is_mariadb(operator):
        pytest.skip("MariaDB has neither offline mode nor Group Replication")
    return operator


def error_of(database: ProductDatabase) -> str:
    """Return the error of an action that must fail."""
    with pytest.raises(DatabaseUnavailable) as caught:
        ping(database)
    return str(caught.value)


@pytest.mark.parametrize(
    ("begin", "end", "numbers"),
    [
        pytest.param("ACCOUNT LOCK", "ACCOUNT UNLOCK", ("(3118", "(4151"), id="locked"),
        pytest.param("PASSWORD EXPIRE", "PASSWORD EXPIRE NEVER", ("(1862", "(1820"), id="expired"),
        pytest.param("IDENTIFIED BY 'another'", "IDENTIFIED BY ''", ("(1045",), id="another password"),
    ],
)
def test_an_account_that_cannot_log_in_is_an_outage(
    private_database: Database, operator: Connection, begin: str, end: str, numbers: tuple[str, ...]
) -> None:
    """Whatever its number, the error says nothing about the statement that was to follow."""
    url = make_url(private_database.url)
    with closing(ProductDatabase(url)) as database:
        operator.execute(text(f"ALTER USER '{ACCOUNT}'@'%' {begin}"))
        assert f"database {url.host}:{url.port}: " in (said := error_of(database))
        assert any(number in said for number in numbers)

        # An expired password becomes valid by setting a new one, here the same.
        operator.execute(text(f"ALTER USER '{ACCOUNT}'@'%' IDENTIFIED BY ''"))
        operator.execute(text(f"ALTER USER '{ACCOUNT}'@'%' {end}"))
        ping(database)


def test_an_account_that_is_locked_during_a_load_only_delays_it(
    private_pipeline: Pipeline, broker: Broker, private_database: Database, operator: Connection
) -> None:
    """It once dead-lettered the chunk being handled, and restarted services into the same error repeatedly."""
    services = start_in_mid_load(private_pipeline)
    operator.execute(text(f"ALTER USER '{ACCOUNT}'@'%' ACCOUNT LOCK"))
    try:
        end_sessions(operator, sessions_of(operator, private_database))
        eventually_all_say(services, "(3118", "(4151")
    finally:
        operator.execute(text(f"ALTER USER '{ACCOUNT}'@'%' ACCOUNT UNLOCK"))

    assert_loaded(private_pipeline, broker, services)


def eventually_all_say(services: list[Service], *numbers: str) -> None:
    def all_say() -> bool:
        return all(any(number in each.output() for number in numbers) for each in services)

    eventually(all_say, message=f"all say {numbers}")


def eventually_one_says(services: list[Service], *numbers: str) -> None:
    def one_says() -> bool:
        return any(number in each.output() for each in services for number in numbers)

    eventually(one_says, message=f"one says {numbers}")


@pytest.fixture
def numbers(private_database: Database) -> Iterator[ProductDatabase]:
    """A table of numbers, and the product's connection to it."""
    with closing(ProductDatabase(make_url(private_database.url))) as database:
        make_numbers(database)
        yield database


def make_numbers(database: ProductDatabase) -> None:
    with database.transaction() as connection:
        connection.execute(text("CREATE TABLE numbers (number BIGINT PRIMARY KEY)"))


def insert(database: ProductDatabase, number: int) -> None:
    with database.transaction() as connection:
        connection.execute(text("INSERT INTO numbers VALUES (:number)"), {"number": number})


def all_numbers(database: ProductDatabase) -> list[int]:
    with database.transaction() as connection:
        return list(connection.scalars(text("SELECT number FROM numbers ORDER BY number")))


@contextmanager
def twin(url: URL) -> Iterator[ProductDatabase]:
    """Start a second server with a database and an account of the same names, on a port of its own."""
    with ExitStack() as closing_all:
        server = got(lambda: start_private_server(closing_all, None), what="a second server of this machine")
        with administrator_of(server) as connection:
            connection.execute(text(f"CREATE DATABASE {url.database}"))
            connection.execute(text(f"CREATE USER '{ACCOUNT}'@'%'"))
            connection.execute(text(f"GRANT ALL ON {url.database}.* TO '{ACCOUNT}'@'%'"))
        twin = closing_all.enter_context(closing(ProductDatabase(url.set(port=server.url.port))))
        make_numbers(twin)
        yield twin


def test_a_connection_to_a_server_that_became_read_only_is_replaced(
    private_database: Database, numbers: ProductDatabase, operator: Connection
) -> None:
    """As after a planned switch behind an address that keeps connections open: their pings would succeed for ever."""
    url = make_url(private_database.url)
    with (
        twin(url) as new_server,
        forwarder((url.host or "", url.port or 0)) as address,
        closing(ProductDatabase(url.set(host="127.0.0.1", port=address.port))) as database,
    ):
        insert(database, 1)
        address.lead_to(("127.0.0.1", port_of(new_server)))
        insert(database, 2)
        assert all_numbers(numbers) == [1, 2]

        operator.execute(text("SET GLOBAL read_only = ON"))
        try:
            with pytest.raises(DatabaseUnavailable, match=r"\(1290"):
                insert(database, 3)
            insert(database, 3)
        finally:
            operator.execute(text("SET GLOBAL read_only = OFF"))

        assert all_numbers(numbers) == [1, 2]
        assert all_numbers(new_server) == [3]


def port_of(database: ProductDatabase) -> int:
    with database.transaction() as connection:
        return int(connection.scalar(text("SELECT @@port")) or 0)


def test_a_server_temporarily_in_offline_mode_only_delays_a_load(
    private_pipeline: Pipeline, broker: Broker, mysql_operator: Connection
) -> None:
    """A member that leaves its group does the same. It once caused dead letters and ended services."""
    services = start_in_mid_load(private_pipeline)
    mysql_operator.execute(text("SET GLOBAL offline_mode = ON"))
    try:
        eventually_all_say(services, "(3032", "(6400")
    finally:
        mysql_operator.execute(text("SET GLOBAL offline_mode = OFF"))

    assert_loaded(private_pipeline, broker, services)


@contextmanager
def group_of_one(operator: Connection) -> Iterator[None]:
    """Make the server the primary of a group without other members, for the block."""
    address = f"127.0.0.1:{free_ports(1)}"
    if not operator.scalar(text("SELECT COUNT(*) FROM mysql.plugin WHERE name = 'group_replication'")):
        operator.execute(text("INSTALL PLUGIN group_replication SONAME 'group_replication.so'"))
    for setting, value in (
        ("enforce_gtid_consistency", "ON"),
        ("group_replication_group_name", f"'{GROUP}'"),
        ("group_replication_local_address", f"'{address}'"),
        ("group_replication_group_seeds", f"'{address}'"),
        ("group_replication_bootstrap_group", "ON"),
    ):
        operator.execute(text(f"SET GLOBAL {setting} = {value}"))
    operator.execute(text("START GROUP_REPLICATION"))
    try:
        yield
    finally:
        operator.execute(text("STOP GROUP_REPLICATION"))
        operator.execute(text("SET GLOBAL super_read_only = OFF"))
        operator.execute(text("SET GLOBAL read_only = OFF"))


def test_a_primary_that_leaves_its_group_under_load_is_an_outage(
    numbers: ProductDatabase, mysql_operator: Connection
) -> None:
    """Commits fail with 3100 while it leaves, writes with 1290 afterwards."""
    stop, said = threading.Event(), Counter[str]()

    def write(writer: int) -> None:
        number = writer * 1_000_000
        while not stop.is_set():
            number += 1
            try:
                insert(numbers, number)
                said["committed"] += 1
            except DatabaseUnavailable as error:
                said[str(error).partition("(")[2][:4]] += 1

    with group_of_one(mysql_operator), ThreadPoolExecutor(WRITERS) as threads:
        writing = [threads.submit(write, writer) for writer in range(WRITERS)]
        try:
            eventually(lambda: said["committed"] > INSERTS, message="they write")
            mysql_operator.execute(text("STOP GROUP_REPLICATION"))
            eventually(lambda: said["1290"] > INSERTS, message="the server is read only")
        finally:
            stop.set()
        for each in writing:
            each.result()

    assert set(said) <= {"committed", "1290", "3100"}
    assert said["3100"]


def test_a_primary_that_leaves_its_group_during_a_load_only_delays_it(
    private_pipeline: Pipeline, broker: Broker, mysql_operator: Connection
) -> None:
    """It once dead-lettered six chunks and ended the aggregator."""
    with group_of_one(mysql_operator):
        services = start_in_mid_load(private_pipeline)
        mysql_operator.execute(text("STOP GROUP_REPLICATION"))
        drop_more(private_pipeline)
        eventually_one_says(services, "(3100", "(1290")

    assert_loaded(private_pipeline, broker, services)


def test_a_long_wait_for_a_server_is_logged_once_and_at_its_end(
    broker: Broker, database: Database, tmp_path: Path
) -> None:
    """The kernel of a stopped process still acknowledges data: only the clock tells."""
    with behind_forwarders(tmp_path, broker, database, is_open=True) as (pipeline, _, to_database):
        pipeline.settings |= SETTINGS
        service = pipeline.start_one("aggregator")
        eventually(lambda: pipeline.query("SHOW TABLES LIKE 'inflow_loads'"), message="it works")
        to_database.freeze()

        waiting = service.logged("waiting")
        assert waiting["server"] == f"127.0.0.1:{to_database.port}"
        assert 10 <= waiting["seconds"] < 30
        to_database.thaw()

        waited = service.logged("waited", server=waiting["server"], what=waiting["what"])
        assert waited["seconds"] >= waiting["seconds"]
        assert len(service.logs("waiting")) == len(service.logs("waited")) == 1
        assert service.stop() == 0


@pytest.mark.slow
def test_a_peer_that_accepts_no_more_data_is_abandoned_within_half_a_minute(
    private_database: Database,
) -> None:
    """The kernel's default timeout is a quarter of an hour."""
    url = make_url(private_database.url)
    with (
        forwarder((url.host or "", url.port or 0)) as forward,
        closing(ProductDatabase(url.set(host="127.0.0.1", port=forward.port))) as database,
    ):
        silent_at: list[float] = []

        def send_much() -> None:
            with database.transaction() as connection:
                connection.execute(text("SELECT 1"))
                forward.freeze()
                silent_at.append(time.monotonic())
                # More than the buffers on the way can hold.
                connection.execute(text("SELECT LENGTH(:text)"), {"text": "x" * (32 << 20)})

        with pytest.raises(DatabaseUnavailable):
            send_much()
        assert time.monotonic() - silent_at[0] < 35


def test_sockets_detect_a_dead_peer_within_half_a_minute(database: Database) -> None:
    with closing(ProductDatabase(make_url(database.url))) as own, own.transaction() as connection:
        own_socket = connection.connection.driver_connection._sock  # type: ignore[union-attr]

        def option(name: str) -> int:
            return int(own_socket.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)))

        assert own_socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert option("TCP_KEEPIDLE") + option("TCP_KEEPCNT") * option("TCP_KEEPINTVL") < 30
        assert 0 < option("TCP_USER_TIMEOUT") < 30_000
