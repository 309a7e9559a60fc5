"""TLS settings from URLs and variables: servers are verified unless that is explicitly turned off."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings, DatabaseSettings
from shared.configuration.tls import Tls, TlsMode
from shared.model.errors import ConfigurationError
from tests.support.certificates import Authority, Signed, authority

Variables = dict[str, str]


@pytest.fixture(scope="module")
def ca() -> Iterator[Authority]:
    with authority("tests") as ca:
        yield ca


@pytest.fixture(scope="module")
def client(ca: Authority) -> Signed:
    return ca.sign("client")


def broker(**variables: str) -> Tls:
    environment = Environment(variables)
    tls = BrokerSettings.from_environment(environment).tls
    environment.finish()
    return tls


def database(**variables: str) -> Tls:
    environment = Environment(variables)
    tls = DatabaseSettings.from_environment(environment).tls
    environment.finish()
    return tls


def broker_problem(**variables: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        broker(**variables)
    return str(caught.value)


def database_problem(**variables: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        database(**variables)
    return str(caught.value)


def test_nothing_is_encrypted_unless_it_is_asked_for() -> None:
    assert broker(RABBITMQ_URL="amqp://rabbitmq") == broker() == Tls()
    assert database(DATABASE_URL="mysql://db/x") == database() == Tls()


def test_the_url_of_the_broker_accepts_the_parameters_of_rabbitmq(ca: Authority, client: Signed) -> None:
    parameters = f"cacertfile={ca.ca}&certfile={client.cert}&keyfile={client.key}&server_name_indication=rabbitmq"

    assert broker(RABBITMQ_URL=f"amqps://10.0.0.7?{parameters}&verify=verify_peer") == Tls(
        mode=TlsMode.VERIFY_IDENTITY,
        ca_file=ca.ca,
        cert_file=client.cert,
        key_file=client.key,
        server_name="rabbitmq",
    )


def test_variables_supply_broker_settings_that_the_url_leaves_out(ca: Authority, client: Signed) -> None:
    variables = {
        "RABBITMQ_TLS_CA_FILE": str(ca.ca),
        "RABBITMQ_TLS_CERT_FILE": str(client.cert),
        "RABBITMQ_TLS_KEY": str(client.key),
        "RABBITMQ_TLS_SERVER_NAME": "rabbitmq",
    }
    expected = Tls(
        mode=TlsMode.VERIFY_IDENTITY,
        ca_file=ca.ca,
        cert_file=client.cert,
        key_file=client.key,
        server_name="rabbitmq",
    )

    assert broker(**variables, RABBITMQ_HOST="10.0.0.7") == expected
    assert broker(**variables, RABBITMQ_URL="amqps://10.0.0.7") == expected
    assert broker(**variables, RABBITMQ_URL="amqps://10.0.0.7?server_name_indication=one").server_name == "one"


def test_any_tls_variable_turns_tls_on_and_changes_the_port() -> None:
    settings = BrokerSettings.from_environment(Environment({"RABBITMQ_TLS_VERIFY": "verify_peer"}))

    assert settings.tls == Tls(mode=TlsMode.VERIFY_IDENTITY)
    assert settings.endpoints[0].port == 5671


@pytest.mark.parametrize(
    ("parameters", "mode"),
    [
        ("", TlsMode.VERIFY_IDENTITY),
        ("?verify=verify_peer", TlsMode.VERIFY_IDENTITY),
        ("?verify=verify_none", TlsMode.REQUIRED),
        ("?server_name_indication=disable", TlsMode.VERIFY_CA),
        ("?server_name_indication=disable&verify=verify_none", TlsMode.REQUIRED),
    ],
)
def test_the_broker_is_verified_unless_explicitly_turned_off(parameters: str, mode: TlsMode) -> None:
    assert broker(RABBITMQ_URL=f"amqps://rabbitmq{parameters}") == Tls(mode=mode)


def test_tls_variables_beside_a_url_without_tls_are_reported(ca: Authority) -> None:
    assert broker_problem(RABBITMQ_URL="amqp://rabbitmq", RABBITMQ_TLS_CA_FILE=str(ca.ca)) == (
        "RABBITMQ_TLS_CA_FILE is set, but RABBITMQ_URL begins with amqp://; expected amqps://"
    )


def test_the_url_of_the_database_accepts_the_options_of_mysql(ca: Authority, client: Signed) -> None:
    options = f"ssl_ca={ca.ca}&ssl_cert={client.cert}&ssl_key={client.key}&ssl_server_name=mysql"

    assert database(DATABASE_URL=f"mysql://10.0.0.8/x?{options}&ssl_mode=verify_ca") == Tls(
        mode=TlsMode.VERIFY_CA, ca_file=ca.ca, cert_file=client.cert, key_file=client.key, server_name="mysql"
    )


def test_options_are_not_left_in_the_url_for_the_driver(ca: Authority) -> None:
    settings = DatabaseSettings.from_environment(
        Environment({"DATABASE_URL": f"mysql://db/x?ssl_ca={ca.ca}&read_timeout=7"})
    )

    assert dict(settings.url.query) == {"charset": "utf8mb4", "read_timeout": "7"}


def test_variables_supply_database_settings_that_the_url_leaves_out(ca: Authority, client: Signed) -> None:
    variables = {"MYSQL_SSL_CA": str(ca.ca), "MYSQL_SSL_CERT_FILE": str(client.cert), "MYSQL_SSL_KEY": str(client.key)}
    expected = Tls(mode=TlsMode.VERIFY_IDENTITY, ca_file=ca.ca, cert_file=client.cert, key_file=client.key)

    assert database(**variables, MYSQL_HOST="db") == expected
    assert database(**variables, DATABASE_URL="mysql://db/x") == expected
    assert database(**variables, DATABASE_URL="mysql://db/x?ssl_mode=VERIFY_CA").mode is TlsMode.VERIFY_CA


@pytest.mark.parametrize("mode", list(TlsMode))
def test_every_ssl_mode_of_mysql_is_accepted(mode: TlsMode) -> None:
    assert database(MYSQL_SSL_MODE=mode.lower()) == Tls(mode=mode)


@pytest.mark.parametrize("mode", ["DISABLED", "PREFERRED", "REQUIRED"])
def test_a_ca_that_would_not_be_used_is_a_problem(ca: Authority, mode: str) -> None:
    """A CA is set in the expectation that the server is verified."""
    assert database_problem(MYSQL_SSL_MODE=mode, MYSQL_SSL_CA=str(ca.ca)) == (
        f"MYSQL_SSL_MODE asks for {mode}, which uses no CA; expected VERIFY_CA or VERIFY_IDENTITY"
    )


@pytest.mark.parametrize("mode", ["DISABLED", "PREFERRED"])
def test_a_certificate_that_would_not_be_used_is_a_problem(client: Signed, mode: str) -> None:
    certificate = {"MYSQL_SSL_CERT": str(client.cert), "MYSQL_SSL_KEY": str(client.key)}

    assert database_problem(MYSQL_SSL_MODE=mode, **certificate) == (
        f"MYSQL_SSL_MODE asks for {mode}, which uses no certificate; expected REQUIRED or more"
    )


def test_an_unknown_value_is_reported_with_the_known_ones() -> None:
    assert broker_problem(RABBITMQ_URL="amqps://h?verify=peer") == (
        "RABBITMQ_URL has an unknown value for verify; expected one of verify_peer, verify_none"
    )
    assert database_problem(MYSQL_SSL_MODE="on") == (
        "MYSQL_SSL_MODE has an unknown value for ssl_mode; expected one of "
        "DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY"
    )


def test_an_unusable_file_is_reported_with_the_setting_that_names_it(
    ca: Authority, client: Signed, tmp_path: Path
) -> None:
    missing, ca_file, cert = tmp_path / "missing.pem", str(ca.ca), str(client.cert)
    unreadable = f'names "{missing}", which can\'t be read: No such file or directory; expected a readable file'
    other = ca.sign("other")

    assert broker_problem(RABBITMQ_TLS_CA_FILE=str(missing)) == f"RABBITMQ_TLS_CA_FILE {unreadable}"
    assert broker_problem(RABBITMQ_URL=f"amqps://h?cacertfile={missing}") == f"RABBITMQ_URL {unreadable}"
    assert database_problem(MYSQL_SSL_CERT=cert, MYSQL_SSL_KEY=str(missing)) == f"MYSQL_SSL_KEY {unreadable}"
    assert database_problem(DATABASE_URL=f"mysql://h/x?ssl_key={client.key}") == (
        "DATABASE_URL names a key without a certificate; expected both"
    )
    assert database_problem(MYSQL_SSL_CA=str(client.key)).startswith(
        f'MYSQL_SSL_CA names "{client.key}", which is not a CA certificate: '
    )
    assert broker_problem(RABBITMQ_TLS_CA=ca_file, RABBITMQ_TLS_CERT=cert, RABBITMQ_TLS_KEY=str(other.key)).startswith(
        f'RABBITMQ_TLS_CERT names "{cert}", which can\'t be used with its key: '
    )


def test_a_key_with_a_passphrase_is_reported_without_a_prompt(client: Signed, tmp_path: Path) -> None:
    locked = tmp_path / "locked.pem"
    key = serialization.load_pem_private_key(client.key.read_bytes(), password=None)
    locked.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"hunter2"),
        )
    )

    assert database_problem(MYSQL_SSL_CERT=str(client.cert), MYSQL_SSL_KEY=str(locked)) == (
        f'MYSQL_SSL_CERT names "{client.cert}", which can\'t be used with its key: '
        "the key has a passphrase; expected a key without one"
    )


@pytest.mark.parametrize(
    ("mode", "verify_mode", "check_hostname"),
    [
        (TlsMode.REQUIRED, ssl.CERT_NONE, False),
        (TlsMode.VERIFY_CA, ssl.CERT_REQUIRED, False),
        (TlsMode.VERIFY_IDENTITY, ssl.CERT_REQUIRED, True),
    ],
)
def test_each_mode_verifies_what_it_promises(mode: TlsMode, verify_mode: ssl.VerifyMode, check_hostname: bool) -> None:
    context = Tls(mode=mode).context()

    assert (context.verify_mode, context.check_hostname) == (verify_mode, check_hostname)
