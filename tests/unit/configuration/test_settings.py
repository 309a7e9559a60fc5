from collections.abc import Callable
from pathlib import Path

import pytest

from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings, DatabaseSettings, Endpoint
from shared.configuration.tls import Tls, TlsMode
from shared.model.errors import ConfigurationError

Variables = dict[str, str]

VERIFIED = Tls(mode=TlsMode.VERIFY_IDENTITY)
KNOWN_TO_THE_BROKER = "after its ?; known parameters are cacertfile, certfile, keyfile, verify, server_name_indication"
KNOWN_TO_THE_DATABASE = (
    "after its ?; known parameters are ssl_ca, ssl_cert, ssl_key, ssl_mode, ssl_server_name, "
    "connect_timeout, read_timeout, "
    "write_timeout, charset, unix_socket"
)
KNOWN_TO_POSTGRESQL = (
    "after its ?; known parameters are sslrootcert, sslcert, sslkey, sslmode, "
    "connect_timeout, read_timeout, hostaddr, host"
)
SCHEMES = (
    "mysql://, mysql+pymysql://, mariadb://, mariadb+pymysql://, postgresql://, postgres://, postgresql+psycopg://, "
    "sqlite://"
)
DIFFERENT_HOSTS = "names several hosts with different logins, virtual hosts or TLS settings"


def broker(variables: Variables) -> BrokerSettings:
    environment = Environment(variables)
    settings = BrokerSettings.from_environment(environment)
    environment.finish()
    return settings


def database(variables: Variables) -> str:
    environment = Environment(variables)
    settings = DatabaseSettings.from_environment(environment)
    environment.finish()
    return settings.url.render_as_string(hide_password=False)


def at(host: str, port: int = 5672) -> tuple[Endpoint, ...]:
    return (Endpoint(host, port),)


def problem(read: Callable[[Variables], object], variables: Variables) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(variables)
    return str(caught.value)


def test_the_broker_is_on_this_machine_by_default() -> None:
    assert broker({}) == BrokerSettings(
        endpoints=at("localhost"),
        user="guest",
        password="guest",
        virtual_host="/",
        tls=Tls(),
        heartbeat_seconds=20,
        answer_seconds=30.0,
    )


def test_the_broker_is_named_by_parts() -> None:
    variables = {
        "RABBITMQ_HOST": "rabbitmq",
        "RABBITMQ_PORT": "5673",
        "RABBITMQ_USER": "inflow",
        "RABBITMQ_PASSWORD": "p@ss/%40",
        "RABBITMQ_VHOST": "loads",
        "RABBITMQ_HEARTBEAT_SECONDS": "30",
        "RABBITMQ_BLOCKED_SECONDS": "7.5",
    }

    assert broker(variables) == BrokerSettings(
        endpoints=at("rabbitmq", 5673),
        user="inflow",
        password="p@ss/%40",
        virtual_host="loads",
        heartbeat_seconds=30,
        answer_seconds=7.5,
    )


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("amqp://rabbitmq", BrokerSettings(endpoints=at("rabbitmq"))),
        ("amqp://rabbitmq/", BrokerSettings(endpoints=at("rabbitmq"))),
        ("amqp://rabbitmq//", BrokerSettings(endpoints=at("rabbitmq"))),
        ("amqp://rabbitmq/%2F", BrokerSettings(endpoints=at("rabbitmq"))),
        ("amqp://rabbitmq/loads%2Ftest", BrokerSettings(endpoints=at("rabbitmq"), virtual_host="loads/test")),
        ("amqp://rabbitmq:5673/loads", BrokerSettings(endpoints=at("rabbitmq", 5673), virtual_host="loads")),
        ("amqp://a%40b:p%2Fs%25%3A@rabbitmq", BrokerSettings(endpoints=at("rabbitmq"), user="a@b", password="p/s%:")),
        ("amqp://inflow:a+b@rabbitmq", BrokerSettings(endpoints=at("rabbitmq"), user="inflow", password="a+b")),
        ("amqp://[::1]:5673", BrokerSettings(endpoints=at("::1", 5673))),
        ("amqps://rabbitmq", BrokerSettings(endpoints=at("rabbitmq", 5671), tls=VERIFIED)),
        ("amqps://rabbitmq:5673", BrokerSettings(endpoints=at("rabbitmq", 5673), tls=VERIFIED)),
    ],
)
def test_the_broker_is_named_by_a_url(url: str, expected: BrokerSettings) -> None:
    assert broker({"RABBITMQ_URL": url}) == expected


@pytest.mark.parametrize("name", ["AMQP_URL", "CLOUDAMQP_URL"])
def test_the_url_of_the_broker_has_alternative_names(name: str) -> None:
    assert broker({name: "amqp://other"}).endpoints == at("other")
    assert broker({name: "amqp://other", "RABBITMQ_URL": "amqp://rabbitmq"}).endpoints == at("rabbitmq")


def test_the_password_of_the_broker_has_the_name_used_by_the_image() -> None:
    assert broker({"RABBITMQ_PASS": "short"}).password == "short"
    assert broker({"RABBITMQ_PASS": "short", "RABBITMQ_PASSWORD": "long"}).password == "long"


def test_the_url_of_the_broker_overrides_its_parts() -> None:
    variables = {
        "RABBITMQ_URL": "amqp://inflow:one@rabbitmq/loads",
        "RABBITMQ_HOST": "other",
        "RABBITMQ_PORT": "tcp://10.0.0.7:5672",
        "RABBITMQ_USER": "other",
        "RABBITMQ_PASSWORD": "two",
        "RABBITMQ_VHOST": "other",
    }

    assert broker(variables) == BrokerSettings(
        endpoints=at("rabbitmq"), user="inflow", password="one", virtual_host="loads"
    )


def test_the_parts_supply_the_login_that_a_broker_url_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from a file\n", encoding="utf-8")
    variables = {"RABBITMQ_URL": "amqp://inflow@rabbitmq", "RABBITMQ_PASSWORD_FILE": str(tmp_path / "password")}

    assert broker(variables) == BrokerSettings(endpoints=at("rabbitmq"), user="inflow", password="from a file")


def test_a_url_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "amqp").write_text("amqp://rabbitmq\n", encoding="utf-8")
    (tmp_path / "mysql").write_text("mysql://root@db/x\n", encoding="utf-8")

    assert broker({"AMQP_URL_FILE": str(tmp_path / "amqp")}).endpoints == at("rabbitmq")
    assert database({"DATABASE_URL_FILE": str(tmp_path / "mysql")}) == "mysql+pymysql://root@db:3306/x?charset=utf8mb4"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("hunter2", "does not begin with amqp:// or amqps://"),
        ("http://inflow:hunter2@rabbitmq", "does not begin with amqp:// or amqps://"),
        ("amqp://inflow:hunter2@/loads", "has no host"),
        ("amqp://inflow:hunter2@rabbitmq:http", "is not a URL, or its port is not a number"),
        ("amqp://inflow:hunter2@rabbitmq:65536", "is not a URL, or its port is not a number"),
        ("amqp://inflow:hunter2#x@rabbitmq", "is not a URL, or its port is not a number"),
        ("amqp://inflow:hunter2[@rabbitmq", "is not a URL, or its port is not a number"),
        ("amqp://inflow:1/hunter2@rabbitmq", "has a second / or an @ after its host"),
        ("amqp://inflow:hunter2@rabbitmq/a/b", "has a second / or an @ after its host"),
        ("amqp://inflow:1#hunter2@rabbitmq", "contains a #, or an @ after a ?"),
        ("amqp://inflow:1?hunter2@rabbitmq", "contains a #, or an @ after a ?"),
        ("amqp://inflow:hunter2@rabbitmq?cacertfile=/ca", "has a ?, but parameters are allowed only with amqps://"),
        ("amqps://inflow:hunter2@rabbitmq?heartbeat=5", f"has an unknown parameter heartbeat {KNOWN_TO_THE_BROKER}"),
        ("amqps://inflow:hunter2@rabbitmq?hunter2!", f"has an unknown parameter {KNOWN_TO_THE_BROKER}"),
        ("amqps://inflow:hunter2@rabbitmq?verify=a&verify=b", "has verify twice after its ?"),
        ("amqp://inflow:hunter2@one,,two", "has no host"),
        ("amqp://inflow:hunter2@one,two:http", "is not a URL, or its port is not a number"),
        ("amqp://inflow:hunter2@one,amqp://inflow@two", DIFFERENT_HOSTS),
        ("amqp://inflow:hunter2@one/a,amqp://inflow:hunter2@two/b", DIFFERENT_HOSTS),
        ("amqp://inflow:hunter2@one,amqps://inflow:hunter2@two", DIFFERENT_HOSTS),
    ],
)
def test_an_invalid_broker_url_is_reported_without_its_text(url: str, fault: str) -> None:
    assert problem(broker, {"RABBITMQ_URL": url}) == (
        f"RABBITMQ_URL {fault}; expected amqp://USER:PASSWORD@HOST:PORT/VHOST, several hosts as HOST:PORT,HOST:PORT, "
        "special characters as %XX, such as %2F for /"
    )


@pytest.mark.parametrize(
    "url",
    [
        "amqp://u:p@one,two:5673,[::1]:5674/loads",
        "amqp://u:p@one/loads,amqp://u:p@two:5673/loads,amqp://u:p@[::1]:5674/loads",
        "amqp://u:p@one/loads, AMQP://u:p@two:5673,[::1]:5674,one/loads",
    ],
    ids=["hosts", "urls", "both, one twice"],
)
def test_several_hosts_may_be_in_one_url_or_in_several(url: str) -> None:
    assert broker({"RABBITMQ_URL": url}) == BrokerSettings(
        endpoints=(Endpoint("one", 5672), Endpoint("two", 5673), Endpoint("::1", 5674)),
        user="u",
        password="p",
        virtual_host="loads",
    )


def test_several_hosts_are_named_by_parts() -> None:
    assert broker({"RABBITMQ_HOST": "one, two", "RABBITMQ_PORT": "5673"}).endpoints == (
        Endpoint("one", 5673),
        Endpoint("two", 5673),
    )


def test_a_comma_of_the_password_does_not_separate_hosts() -> None:
    assert broker({"RABBITMQ_URL": "amqp://u:p,w@one,two"}) == BrokerSettings(
        endpoints=at("one") + at("two"), user="u", password="p,w"
    )


def test_a_comma_without_a_host_is_reported() -> None:
    assert problem(broker, {"RABBITMQ_HOST": "one,,two"}) == (
        "RABBITMQ_HOST has a comma without a host beside it; expected HOST or HOST,HOST"
    )


@pytest.mark.parametrize(
    ("urls", "expected"),
    [
        ("http://rabbitmq:15672", ["http://rabbitmq:15672 inflow one"]),
        ("https://a%40b:p%2Fs@rabbitmq/prefix/", ["https://rabbitmq/prefix a@b p/s"]),
        ("http://one, http://u:p,w@[::1]:1", ["http://one inflow one", "http://[::1]:1 u p,w"]),
    ],
)
def test_the_management_api_uses_its_own_login_or_that_of_the_broker(urls: str, expected: list[str]) -> None:
    settings = broker({"RABBITMQ_URL": "amqp://inflow:one@rabbitmq", "RABBITMQ_MANAGEMENT_URL": urls})

    assert [f"{api.url} {api.user} {api.password}" for api in settings.management_apis] == expected


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("rabbitmq:15672", "does not begin with http:// or https://"),
        ("http://u:hunter2@", "has no host"),
        ("http://u:hunter2@rabbitmq:x", "is not a URL, or its port is not a number"),
        ("http://u:1/hunter2@rabbitmq", "has a ?, a # or an @ after its host"),
        ("http://rabbitmq/hunter2@x", "has a ?, a # or an @ after its host"),
        ("http://rabbitmq?hunter2", "has a ?, a # or an @ after its host"),
    ],
)
def test_an_invalid_management_url_is_reported_without_its_text(url: str, fault: str) -> None:
    said = problem(broker, {"RABBITMQ_MANAGEMENT_URL": url})

    assert said.startswith(f"RABBITMQ_MANAGEMENT_URL {fault}; expected http://HOST:PORT or https://HOST:PORT, ")
    assert "hunter2" not in said


def test_an_endpoint_is_shown_as_in_a_url() -> None:
    assert f"{Endpoint('rabbitmq', 5672)} {Endpoint('::1', 5671)}" == "rabbitmq:5672 [::1]:5671"


def test_wrong_parts_of_both_servers_are_reported_together() -> None:
    environment = Environment({"RABBITMQ_PORT": "0", "RABBITMQ_HEARTBEAT_SECONDS": "never", "MYSQL_PORT": "x"})

    BrokerSettings.from_environment(environment)
    DatabaseSettings.from_environment(environment)

    with pytest.raises(ConfigurationError) as caught:
        environment.finish()
    assert str(caught.value).splitlines() == [
        'RABBITMQ_HEARTBEAT_SECONDS is "never"; expected a whole number from 1 to 65535',
        'RABBITMQ_PORT is "0"; expected a whole number from 1 to 65535',
        'MYSQL_PORT is "x"; expected a whole number from 1 to 65535',
    ]


def test_the_database_is_on_this_machine_by_default() -> None:
    assert database({}) == "mysql+pymysql://inflow@localhost:3306/inflow?charset=utf8mb4"


def test_a_postgresql_is_named_by_the_parts_that_its_own_clients_know(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("p@ss/\n")
    variables = {"PGHOST": "pg", "PGUSER": "writer", "PGPASSWORD_FILE": str(secret), "PGDATABASE": "loads"}

    assert database({"PGHOST": "pg"}) == "postgresql+psycopg://inflow@pg:5432/inflow"
    assert database({**variables, "PGPORT": "5433"}) == "postgresql+psycopg://writer:p%40ss%2F@pg:5433/loads"
    assert database({**variables, "DATABASE_URL": "postgres://db"}) == (
        "postgresql+psycopg://writer:p%40ss%2F@db:5432/loads"
    )
    assert database({"DATABASE_URL": "postgresql:///x?host=/run/postgresql"}) == (
        "postgresql+psycopg://inflow@:5432/x?host=%2Frun%2Fpostgresql"
    )


def test_two_servers_are_one_too_many() -> None:
    assert problem(database, {"PGHOST": "pg", "MYSQL_HOST": "my"}) == (
        "MYSQL_HOST and PGHOST are both set; expected one of them, or DATABASE_URL"
    )


def test_the_database_is_named_by_parts() -> None:
    variables = {
        "MYSQL_HOST": "mysql",
        "MYSQL_PORT": "3307",
        "MYSQL_DATABASE": "loads",
        "MYSQL_USER": "writer",
        "MYSQL_PASSWORD": "p@ss/",
    }

    assert database(variables) == "mysql+pymysql://writer:p%40ss%2F@mysql:3307/loads?charset=utf8mb4"


@pytest.mark.parametrize("scheme", ["mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"])
def test_every_mysql_scheme_uses_the_same_driver(scheme: str) -> None:
    assert database({"DATABASE_URL": f"{scheme}://u:p@db/x"}) == "mysql+pymysql://u:p@db:3306/x?charset=utf8mb4"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mysql://u:p%40%2F@db:3307/x", "mysql+pymysql://u:p%40%2F@db:3307/x?charset=utf8mb4"),
        ("mysql://u:p@db/x?charset=latin1", "mysql+pymysql://u:p@db:3306/x?charset=utf8mb4"),
        ("mysql://u:p@[::1]/x", "mysql+pymysql://u:p@[::1]:3306/x?charset=utf8mb4"),
        ("mysql://db", "mysql+pymysql://inflow@db:3306/inflow?charset=utf8mb4"),
        ("mysql://:@db/", "mysql+pymysql://inflow@db:3306/inflow?charset=utf8mb4"),
        ("sqlite:///data/inflow.db", "sqlite:///data/inflow.db"),
        ("sqlite:////srv/inflow.db", "sqlite:////srv/inflow.db"),
    ],
)
def test_the_database_is_named_by_a_url(url: str, expected: str) -> None:
    assert database({"DATABASE_URL": url}) == expected


def test_a_socket_needs_no_host() -> None:
    url = "mysql://u:p@/x?unix_socket=/run/mysqld.sock"

    assert database({"DATABASE_URL": url}) == (
        "mysql+pymysql://u:p@:3306/x?charset=utf8mb4&unix_socket=%2Frun%2Fmysqld.sock"
    )


def test_the_url_of_the_database_overrides_its_parts() -> None:
    variables = {
        "DATABASE_URL": "mysql://u:p@db/x",
        "MYSQL_HOST": "other",
        "MYSQL_PORT": "tcp://10.0.0.8:3306",
        "MYSQL_DATABASE": "other",
        "MYSQL_USER": "other",
        "MYSQL_PASSWORD": "other",
    }

    assert database(variables) == "mysql+pymysql://u:p@db:3306/x?charset=utf8mb4"


def test_the_parts_supply_what_a_database_url_leaves_out() -> None:
    variables = {"DATABASE_URL": "mysql://writer@db", "MYSQL_PASSWORD": "secret", "MYSQL_DATABASE": "loads"}

    assert database(variables) == "mysql+pymysql://writer:secret@db:3306/loads?charset=utf8mb4"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("hunter2", "is not a URL, or its port is not a number"),
        ("mysql://inflow:hunter2@db:http/x", "is not a URL, or its port is not a number"),
        ("mysql://inflow:hunter2@db:65536/x", "has a port above 65535"),
        ("mysql://inflow:hunter2@/x", "has no host"),
        ("mysql://inflow:hunt@er2@db/x", "has a second @ before its host"),
        ("mysql://inflow@db/x?password=hunter2", "has a user or password after its ?"),
        ("mysql://inflow:hunter2@db/x?sslmode=require", f"has an unknown parameter sslmode {KNOWN_TO_THE_DATABASE}"),
        ("mysql://inflow:hunter2@db/x?hunter2!=1", f"has an unknown parameter {KNOWN_TO_THE_DATABASE}"),
        ("mysql://inflow:hunter2@db/x?ssl_ca=a&ssl_ca=b", "has ssl_ca twice after its ?"),
        (
            "mysql://inflow:hunter2@db/x?read_timeout=soon",
            "has read_timeout that is not a positive whole number of seconds",
        ),
        (
            "mysql://inflow:hunter2@db/x?connect_timeout=0",
            "has connect_timeout that is not a positive whole number of seconds",
        ),
        ("sqlite:///inflow.db?mode=ro", "has an unknown parameter mode after its ?; known parameters are none"),
        ("sqlite://", "does not name a file"),
        ("sqlite:///:memory:", "does not name a file"),
        ("sqlite://hunter2/inflow.db", "does not name a file"),
        (
            "postgresql://inflow:hunter2@db/x?ssl_mode=REQUIRED",
            f"has an unknown parameter ssl_mode {KNOWN_TO_POSTGRESQL}",
        ),
        ("postgresql:///x", "has no host"),
        ("oracle://inflow:hunter2@db/x", f"does not begin with one of {SCHEMES}"),
        (
            "mysql+mysqldb://inflow:hunter2@db/x",
            f"does not begin with one of {SCHEMES}",
        ),
    ],
)
def test_an_invalid_database_url_is_reported_without_its_text(url: str, fault: str) -> None:
    assert problem(database, {"DATABASE_URL": url}) == (
        f"DATABASE_URL {fault}; expected mysql://USER:PASSWORD@HOST:PORT/DATABASE or "
        "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special characters as %XX, such as %40 for @; or sqlite:///PATH"
    )


def test_settings_do_not_show_passwords() -> None:
    environment = Environment(
        {
            "RABBITMQ_URL": "amqp://u:hunter2@h",
            "RABBITMQ_MANAGEMENT_URL": "http://h",
            "DATABASE_URL": "mysql://u:hunter2@h/x",
        }
    )

    shown = [BrokerSettings.from_environment(environment), DatabaseSettings.from_environment(environment)]

    assert "hunter2" not in f"{shown} {shown[0]} {shown[1]}"
    assert "mysql+pymysql://u:***@h:3306/x" in repr(shown[1])
    assert [str(each) for each in shown] == [
        "h:5672, virtual host /, namespace inflow, user u, TLS DISABLED",
        "mysql+pymysql://u:***@h:3306/x?charset=utf8mb4, TLS DISABLED",
    ]


@pytest.mark.parametrize(
    ("variables", "is_configured"),
    [
        ({}, False),
        ({"MYSQL_HOST": "", "RABBITMQ_HOST": "rabbitmq"}, False),
        ({"DATABASE_URL": "mysql://db"}, True),
        ({"MYSQL_HOST": "db"}, True),
        ({"PGHOST": "db"}, True),
        ({"PGUSER": "writer"}, False),
        ({"MYSQL_PASSWORD_FILE": "/run/secrets/mysql"}, True),
    ],
)
def test_whether_a_database_is_configured(variables: Variables, is_configured: bool) -> None:
    assert DatabaseSettings.is_configured(Environment(variables)) is is_configured
