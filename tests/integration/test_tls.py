"""Encrypted connections to real servers: the peers are verified, and no connection is unintentionally plain."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings, DatabaseSettings
from shared.configuration.tls import Tls, TlsMode
from shared.messaging.rabbitmq import Publisher
from shared.messaging.rabbitmq.management import look_at_cluster
from shared.model.errors import BrokerUnavailable, DatabaseRefused, DatabaseUnavailable
from shared.runtime.files import DataFolder
from shared.runtime.lifecycle import Stop
from shared.service.running import read_settings, run_on_servers
from shared.storage.database import Database
from tests.integration.test_broker import logged, manifest
from tests.support.certificates import Authority, Signed, authority, copied
from tests.support.forwarder import forwarder
from tests.support.kinds import only_on_mysql
from tests.support.missing import missing
from tests.support.servers.found import BrokerServer, DatabaseServer, Unavailable
from tests.support.servers.isolation import Broker, own_database, own_vhost
from tests.support.servers.isolation import Database as ServerDatabase
from tests.support.servers.own import own_database_server
from tests.support.servers.processes import free_ports
from tests.support.servers.rabbitmq import private_rabbitmq
from tests.support.sessions import ping

#: What the servers' certificates are for, which is not where the tests reach them.
SERVER_NAME = "server.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Those of two authorities: one that signed for server and client, and one that no server trusts."""

    known: Authority
    unknown: Authority
    server: Signed
    client: Signed
    stranger: Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsBroker:
    """A RabbitMQ that takes encrypted connections, of clients with a certificate."""

    broker: Broker
    port: int
    management_port: int

    def settings(self, **variables: object) -> BrokerSettings:
        url = f"amqps://guest:guest@127.0.0.1:{self.port}/{self.broker.vhost}"
        environment = Environment({"RABBITMQ_URL": url, **{name: str(value) for name, value in variables.items()}})
        settings = BrokerSettings.from_environment(environment)
        environment.finish()
        return settings


@pytest.fixture(scope="module")
def certificates() -> Iterator[Certificates]:
    with authority("known") as known, authority("unknown") as unknown:
        yield Certificates(
            known=known,
            unknown=unknown,
            server=known.sign("server", SERVER_NAME),
            client=known.sign("client"),
            stranger=unknown.sign("stranger"),
        )


@pytest.fixture(scope="module")
def tls_broker(broker_server: BrokerServer, certificates: Certificates) -> Iterator[TlsBroker]:
    # The shared server comes first: its way may install the program.
    port = free_ports(2)

    def configure(folder: Path) -> Mapping[str, str]:
        files = copied(folder, certificates.known.ca, certificates.server.cert, certificates.server.key)
        options = dict(zip(("cacertfile", "certfile", "keyfile"), map(str, files), strict=True))
        return {
            "listeners.ssl.1": f"127.0.0.1:{port}",
            "management.ssl.ip": "127.0.0.1",
            "management.ssl.port": str(port + 1),
            "ssl_options.verify": "verify_peer",
            "ssl_options.fail_if_no_peer_cert": "true",
            **{f"ssl_options.{name}": value for name, value in options.items()},
            **{f"management.ssl.{name}": value for name, value in options.items()},
        }

    with ExitStack() as closing_all:
        try:
            rabbitmq = private_rabbitmq(closing_all, configure)
            rabbitmq.start()
        except Unavailable as reason:
            missing(f"no RabbitMQ with TLS ({reason})")
        broker = closing_all.enter_context(own_vhost(rabbitmq.server))
        yield TlsBroker(broker=broker, port=port, management_port=port + 1)


@pytest.fixture(scope="module")
def tls_database_server(database_server: DatabaseServer, certificates: Certificates) -> Iterator[DatabaseServer]:
    if database_server.url.get_backend_name() == "postgresql":
        pytest.skip("is about MySQL and MariaDB; test_postgresql.py has the others")

    def options(folder: Path) -> Sequence[str]:
        files = copied(folder, certificates.known.ca, certificates.server.cert, certificates.server.key)
        return [f"--{name}={file}" for name, file in zip(("ssl-ca", "ssl-cert", "ssl-key"), files, strict=True)]

    with ExitStack() as closing_all:
        try:
            server = own_database_server(closing_all, options)
            server.start()
        except Unavailable as reason:
            missing(f"no database with TLS ({reason})")
        yield server.server


@pytest.fixture
def tls_database(tls_database_server: DatabaseServer) -> Iterator[ServerDatabase]:
    with own_database(tls_database_server) as database:
        yield database


def publish(settings: BrokerSettings) -> None:
    with closing(Publisher(settings, name="tests")) as publisher:
        publisher.publish(manifest(1))


def cipher(url: str, **variables: object) -> str:
    """Return what a connection with these settings is encrypted with; nothing if it is plain."""
    environment = Environment({"DATABASE_URL": url, **{name: str(value) for name, value in variables.items()}})
    settings = DatabaseSettings.from_environment(environment)
    environment.finish()
    with (
        closing(Database(settings.url, tls=settings.tls)) as database,
        database.transaction() as connection,
    ):
        return str(connection.execute(text("SHOW STATUS LIKE 'Ssl_cipher'")).one()[1])


def of_client(client: Signed, prefix: str) -> dict[str, Path]:
    return {f"{prefix}_CERT": client.cert, f"{prefix}_KEY": client.key}


def test_the_broker_and_the_client_verify_each_other(tls_broker: TlsBroker, certificates: Certificates) -> None:
    settings = tls_broker.settings(
        RABBITMQ_TLS_CA_FILE=certificates.known.ca,
        RABBITMQ_TLS_SERVER_NAME=SERVER_NAME,
        **of_client(certificates.client, "RABBITMQ_TLS"),
    )

    publish(settings)


def test_a_broker_of_another_authority_is_refused(tls_broker: TlsBroker, certificates: Certificates) -> None:
    client = of_client(certificates.client, "RABBITMQ_TLS")
    name = {"RABBITMQ_TLS_SERVER_NAME": SERVER_NAME}

    for settings in (
        tls_broker.settings(RABBITMQ_TLS_CA_FILE=certificates.unknown.ca, **name, **client),
        # The system's authorities do not know it either.
        tls_broker.settings(**name, **client),
    ):
        with pytest.raises(BrokerUnavailable, match=rf"^127\.0\.0\.1:{tls_broker.port}: SSLCertVerificationError: "):
            publish(settings)


def test_a_broker_whose_certificate_is_for_another_name_is_refused(
    tls_broker: TlsBroker, certificates: Certificates
) -> None:
    client = of_client(certificates.client, "RABBITMQ_TLS")
    known = {"RABBITMQ_TLS_CA_FILE": certificates.known.ca, **client}

    with pytest.raises(BrokerUnavailable, match="IP address mismatch"):
        publish(tls_broker.settings(**known))
    with pytest.raises(BrokerUnavailable, match="Hostname mismatch"):
        publish(tls_broker.settings(**known, RABBITMQ_TLS_SERVER_NAME="other.example"))
    # Unless that is asked for by name.
    publish(tls_broker.settings(**known, RABBITMQ_TLS_SERVER_NAME="disable"))


def test_verification_of_the_broker_can_be_switched_off_by_name(
    tls_broker: TlsBroker, certificates: Certificates
) -> None:
    publish(tls_broker.settings(RABBITMQ_TLS_VERIFY="verify_none", **of_client(certificates.client, "RABBITMQ_TLS")))


def test_a_client_that_the_broker_does_not_know_is_refused(tls_broker: TlsBroker, certificates: Certificates) -> None:
    known = {"RABBITMQ_TLS_CA_FILE": certificates.known.ca, "RABBITMQ_TLS_SERVER_NAME": SERVER_NAME}

    for client in ({}, of_client(certificates.stranger, "RABBITMQ_TLS")):
        with pytest.raises(BrokerUnavailable):
            publish(tls_broker.settings(**known, **client))


def test_renewed_certificates_are_taken_up_by_the_next_connection_to_the_broker(
    tls_broker: TlsBroker, certificates: Certificates, tmp_path: Path
) -> None:
    cert, key = copied(tmp_path, certificates.stranger.cert, certificates.stranger.key)
    settings = tls_broker.settings(
        RABBITMQ_TLS_CA_FILE=certificates.known.ca,
        RABBITMQ_TLS_SERVER_NAME=SERVER_NAME,
        RABBITMQ_TLS_CERT=cert,
        RABBITMQ_TLS_KEY=key,
    )
    with pytest.raises(BrokerUnavailable):
        publish(settings)

    cert.write_bytes(certificates.client.cert.read_bytes())
    key.write_bytes(certificates.client.key.read_bytes())

    publish(settings)


def test_the_management_api_is_verified_by_the_broker_s_authority(
    tls_broker: TlsBroker, certificates: Certificates
) -> None:
    api = {"RABBITMQ_MANAGEMENT_URL": f"https://127.0.0.1:{tls_broker.management_port}"}
    client = of_client(certificates.client, "RABBITMQ_TLS")
    by_ca_alone = {"RABBITMQ_TLS_SERVER_NAME": "disable", **api, **client}

    settings = tls_broker.settings(RABBITMQ_TLS_CA_FILE=certificates.known.ca, **by_ca_alone)
    assert look_at_cluster(settings).node_count == 1
    with pytest.raises(BrokerUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        look_at_cluster(tls_broker.settings(RABBITMQ_TLS_CA_FILE=certificates.unknown.ca, **by_ca_alone))


def test_the_database_is_verified(tls_database: ServerDatabase, certificates: Certificates) -> None:
    known = {"MYSQL_SSL_CA": certificates.known.ca}

    assert cipher(tls_database.url, **known, MYSQL_SSL_SERVER_NAME=SERVER_NAME)
    assert cipher(tls_database.url, **known, MYSQL_SSL_MODE="VERIFY_CA")
    with pytest.raises(DatabaseUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        cipher(tls_database.url, **known)
    with pytest.raises(DatabaseUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        cipher(tls_database.url, MYSQL_SSL_CA=certificates.unknown.ca, MYSQL_SSL_SERVER_NAME=SERVER_NAME)
    # The system's authorities do not know it.
    with pytest.raises(DatabaseUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        cipher(tls_database.url, MYSQL_SSL_MODE="VERIFY_CA")


@pytest.mark.parametrize("mode", ["PREFERRED", "REQUIRED"])
def test_an_unverified_connection_to_the_database_is_made_only_when_it_is_asked_for(
    tls_database: ServerDatabase, mode: str
) -> None:
    assert cipher(tls_database.url, MYSQL_SSL_MODE=mode)
    assert cipher(f"{tls_database.url}?ssl_mode={mode}")
    assert not cipher(tls_database.url)
    assert not cipher(tls_database.url, MYSQL_SSL_MODE="DISABLED")


@pytest.fixture
def certified(tls_database: ServerDatabase) -> Iterator[str]:
    """The URL of an account that has to have a certificate."""
    url = make_url(tls_database.url)
    with closing(Database(url)) as administrator:
        with administrator.transaction() as connection:
            connection.execute(text("CREATE USER 'certified'@'%' REQUIRE X509"))
            connection.execute(text(f"GRANT SELECT ON `{url.database}`.* TO 'certified'@'%'"))
        yield url.set(username="certified").render_as_string(hide_password=False)
        with administrator.transaction() as connection:
            connection.execute(text("DROP USER 'certified'@'%'"))


def test_an_account_that_has_to_have_a_certificate_logs_in_with_it(certified: str, certificates: Certificates) -> None:
    known = {"MYSQL_SSL_CA": certificates.known.ca, "MYSQL_SSL_SERVER_NAME": SERVER_NAME}

    assert cipher(certified, **known, **of_client(certificates.client, "MYSQL_SSL"))
    with pytest.raises(DatabaseUnavailable):
        cipher(certified, **known)


def test_renewed_certificates_are_taken_up_by_the_next_connection_to_the_database(
    certified: str, certificates: Certificates, tmp_path: Path
) -> None:
    cert, key = copied(tmp_path, certificates.stranger.cert, certificates.stranger.key)
    tls = Tls(
        mode=TlsMode.VERIFY_IDENTITY,
        ca_file=certificates.known.ca,
        cert_file=cert,
        key_file=key,
        server_name=SERVER_NAME,
    )
    url = make_url(certified)
    with closing(Database(url, tls=tls)) as database:
        with pytest.raises(DatabaseUnavailable):
            ping(database)

        cert.write_bytes(certificates.client.cert.read_bytes())
        key.write_bytes(certificates.client.key.read_bytes())

        ping(database)


def test_a_server_without_tls_is_refused_if_tls_is_required(
    database: ServerDatabase, certificates: Certificates
) -> None:
    """On MySQL, which has TLS by default, with a certificate of its own; on Debian's MariaDB without any."""
    only_on_mysql(database)
    with pytest.raises((DatabaseUnavailable, DatabaseRefused), match="SSL"):
        cipher(database.url, MYSQL_SSL_CA=certificates.known.ca)


def test_a_password_needs_no_tls(database: ServerDatabase) -> None:
    """On MySQL it is encrypted with the server's key then, for caching_sha2_password."""
    only_on_mysql(database)
    url = make_url(database.url)
    name, password = f"p{(url.database or '')[-12:]}", "a long p@ssword, longer than a hash of it"
    with closing(Database(url)) as administrator, administrator.transaction() as connection:
        connection.exec_driver_sql(f"CREATE USER '{name}'@'%%' IDENTIFIED BY '{password}'")
        connection.exec_driver_sql(f"GRANT SELECT ON `{url.database}`.* TO '{name}'@'%%'")
    try:
        assert not cipher(url.set(username=name, password=password).render_as_string(hide_password=False))
    finally:
        with closing(Database(url)) as administrator, administrator.transaction() as connection:
            connection.exec_driver_sql(f"DROP USER '{name}'@'%%'")


def test_a_plain_login_that_the_server_gave_up_is_an_outage(database: ServerDatabase) -> None:
    """The network held it back for longer than the server waits: what it says then is not an answer to the login."""
    only_on_mysql(database)
    url = make_url(database.url)
    given_up = b"\x01\x00\x00\x01\xff"
    logins: list[bytes] = []

    def give_up_the_first(login: bytes) -> None:
        if not logins:
            forward.tell_clients(given_up)
        logins.append(login)

    with (
        forwarder((url.host or "", url.port or 0), on_sent=give_up_the_first) as forward,
        closing(Database(url.set(host="127.0.0.1", port=forward.port))) as plain,
    ):
        with pytest.raises(DatabaseUnavailable, match="Packet sequence number wrong"):
            ping(plain)

        ping(plain)


def test_a_service_says_at_its_start_which_server_it_does_not_verify(
    broker: Broker, database: ServerDatabase, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plain = {"PGSSLMODE": "prefer"} if database.flavour == "postgresql" else {"MYSQL_SSL_MODE": "PREFERRED"}
    environment = Environment({"RABBITMQ_URL": broker.url, "DATABASE_URL": database.url, **plain})
    settings = read_settings(environment, config=None, folder=DataFolder(tmp_path))

    stop = Stop()
    run_on_servers(settings, {"writer": lambda _context: None}, stop=stop)

    assert [(line["server"], line["mode"]) for line in logged(caplog, "tls_unverified")] == [("database", "PREFERRED")]
