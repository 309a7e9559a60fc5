"""The servers named by RABBITMQ_URL and DATABASE_URL."""

from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from sqlalchemy import make_url

from tests.support.servers.found import BrokerServer, DatabaseServer, Unavailable
from tests.support.servers.probes import broker_problem, database_problem

AMQP_PORT = 5672
MANAGEMENT_PORT = 15672
#: Names the PostgreSQL for tests that run on every kind of database, beside the one of all tests.
POSTGRESQL_VARIABLE = "INFLOW_TEST_POSTGRESQL_URL"


class NamedServerUnreachable(Exception):
    """The named server does not answer; using another one silently would test the wrong thing."""


class NamedServers:
    """Uses the servers named in the environment; nothing is started or stopped."""

    name = "urls"

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def broker(self) -> BrokerServer:
        """Return the RabbitMQ named by RABBITMQ_URL, with the usual port for its management API."""
        parts = urlsplit(self._named("RABBITMQ_URL"))
        host = parts.hostname or "localhost"
        management_url = self._environ.get("RABBITMQ_MANAGEMENT_URL", f"http://{host}:{MANAGEMENT_PORT}")
        server = BrokerServer(
            host=host,
            port=parts.port or AMQP_PORT,
            user=unquote(parts.username or "guest"),
            password=unquote(parts.password or "guest"),
            management_url=management_url.rstrip("/"),
        )
        if problem := broker_problem(server):
            raise NamedServerUnreachable(
                f"RABBITMQ_URL names {host}:{server.port}, its management API being {management_url} "
                f"(RABBITMQ_MANAGEMENT_URL says otherwise): {problem}"
            )
        return server

    def database(self) -> DatabaseServer:
        """Return the server that DATABASE_URL names; the database in that URL is not touched."""
        return self._database("DATABASE_URL")

    def postgresql(self) -> DatabaseServer:
        """Return the PostgreSQL that INFLOW_TEST_POSTGRESQL_URL names, or DATABASE_URL."""
        other = POSTGRESQL_VARIABLE in self._environ
        server = self._database(POSTGRESQL_VARIABLE if other else "DATABASE_URL")
        if server.url.get_backend_name() != "postgresql":
            raise Unavailable(f"{POSTGRESQL_VARIABLE} is not set, and DATABASE_URL names another database")
        return server

    def _database(self, variable: str) -> DatabaseServer:
        url = make_url(self._named(variable))
        if url.get_backend_name() in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg", database="postgres")
        else:
            url = url.set(drivername="mysql+pymysql", database="")
        server = DatabaseServer(url=url)
        if problem := database_problem(server):
            raise NamedServerUnreachable(f"{variable} names {url.host}:{url.port}: {problem}")
        return server

    def _named(self, variable: str) -> str:
        if not (value := self._environ.get(variable)):
            raise Unavailable(f"{variable} is not set")
        return value
