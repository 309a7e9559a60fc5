"""The names that the databases have for where they are: schemes of a URL, its parameters, and variables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.configuration.tls_settings import MYSQL_TLS, POSTGRESQL_TLS, DatabaseTls


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseKind:
    """What a kind of server calls the parts of its address."""

    #: The URL's scheme in the one form that the program uses, and all that mean the same.
    driver: str
    schemes: tuple[str, ...]
    port: int
    host_variable: str
    port_variable: str
    database_variable: str
    user_variable: str
    password_variable: str
    tls: DatabaseTls
    #: Parameters of a URL that are the driver's own: times, the folder or file of a socket, and others.
    seconds: tuple[str, ...]
    socket: str
    others: tuple[str, ...]
    #: Parameters that every URL has.
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables of the parts."""
        return (
            self.host_variable,
            self.port_variable,
            self.database_variable,
            self.user_variable,
            self.password_variable,
        )

    @property
    def parameters(self) -> tuple[str, ...]:
        """The parameters that a URL may have."""
        return (*self.tls.variables, *self.seconds, *self.others, self.socket)


MYSQL = DatabaseKind(
    driver="mysql+pymysql",
    schemes=("mysql", "mysql+pymysql", "mariadb", "mariadb+pymysql"),
    port=3306,
    host_variable="MYSQL_HOST",
    port_variable="MYSQL_PORT",
    database_variable="MYSQL_DATABASE",
    user_variable="MYSQL_USER",
    password_variable="MYSQL_PASSWORD",  # noqa: S106 - a variable's name
    tls=MYSQL_TLS,
    seconds=("connect_timeout", "read_timeout", "write_timeout"),
    socket="unix_socket",
    others=("charset",),
    query={"charset": "utf8mb4"},
)
POSTGRESQL = DatabaseKind(
    driver="postgresql+psycopg",
    schemes=("postgresql", "postgres", "postgresql+psycopg"),
    port=5432,
    host_variable="PGHOST",
    port_variable="PGPORT",
    database_variable="PGDATABASE",
    user_variable="PGUSER",
    password_variable="PGPASSWORD",  # noqa: S106 - a variable's name
    tls=POSTGRESQL_TLS,
    seconds=("connect_timeout", "read_timeout"),
    socket="host",
    others=("hostaddr",),
)
KINDS = (MYSQL, POSTGRESQL)
