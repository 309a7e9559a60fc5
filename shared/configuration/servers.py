"""Addresses and logins of the broker and the database, read from the environment.

A URL overrides the variables for its parts; they supply only a login, or a database name, that the URL leaves out.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self
from urllib.parse import SplitResult, unquote, urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from shared.configuration.database_kinds import KINDS, MYSQL, POSTGRESQL, DatabaseKind
from shared.configuration.environment import Environment
from shared.configuration.tls import Tls
from shared.configuration.tls_settings import BROKER_PARAMETERS, broker_tls, database_tls

_BROKER_URLS = ("RABBITMQ_URL", "AMQP_URL", "CLOUDAMQP_URL")
_BROKER_PORTS = {"amqp": 5672, "amqps": 5671}
_BROKER_EXPECTED = (
    "amqp://USER:PASSWORD@HOST:PORT/VHOST, several hosts as HOST:PORT,HOST:PORT, "
    "special characters as %XX, such as %2F for /"
)
#: The comma between two URLs; any other comma is part of a URL.
_BETWEEN_URLS = re.compile(r",\s*(?=(?:amqp|http)s?://)", re.IGNORECASE)
_AROUND_HOSTS = re.compile(r"(\w*://(?:[^/?#]*@)?)([^/?#]*)(.*)", re.DOTALL)

_MANAGEMENT_URL = "RABBITMQ_MANAGEMENT_URL"
_MANAGEMENT_EXPECTED = (
    "http://HOST:PORT or https://HOST:PORT, with USER:PASSWORD@ before the host for another login than the broker's, "
    "special characters as %XX"
)

_DATABASE_URL = "DATABASE_URL"
_DATABASE_EXPECTED = (
    "mysql://USER:PASSWORD@HOST:PORT/DATABASE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE, "
    "special characters as %XX, such as %40 for @"
)
_SQLITE_SCHEMES = ("sqlite", "sqlite+pysqlite")
#: Driver parameters that would override the login, and that would be shown wherever the URL is.
_LOGIN_PARAMETERS = frozenset({"user", "password", "passwd"})

DEFAULT_NAMESPACE = "inflow"
#: Characters that are safe in the names of exchanges, queues and permissions.
_NAMESPACE = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_NAMESPACE_EXPECTED = "a letter from a to z, then up to 63 of a to z, 0 to 9, _ and -"

_UNREADABLE = "is not a URL, or its port is not a number"
_MAX_PORT = 65535


class Endpoint(NamedTuple):
    """A host and a port, shown as HOST:PORT."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagementApi:
    """Address and login of RabbitMQ's management API. The URL has no login, and no slash at its end."""

    url: str
    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSettings:
    """Addresses and login of RabbitMQ: the nodes of one cluster, any of which serves all queues."""

    endpoints: tuple[Endpoint, ...] = (Endpoint("localhost", _BROKER_PORTS["amqp"]),)
    user: str = "guest"
    password: str = field(default="guest", repr=False)
    virtual_host: str = "/"
    tls: Tls = field(default_factory=Tls)
    heartbeat_seconds: int = 20
    #: Maximum wait for the broker, for example for a confirm or because it is short of memory, before reconnecting.
    answer_seconds: float = 30.0
    #: Prefix of the names of all exchanges and queues. Each installation on a virtual host needs its own.
    namespace: str = DEFAULT_NAMESPACE
    #: The first one that answers is used.
    management_apis: tuple[ManagementApi, ...] = ()

    def __str__(self) -> str:
        hosts = ",".join(map(str, self.endpoints))
        where = f"{hosts}, virtual host {self.virtual_host}, namespace {self.namespace}"
        return f"{where}, user {self.user}, TLS {self.tls.mode}"

    @classmethod
    def from_environment(cls, environment: Environment) -> Self:
        """Read RABBITMQ_URL or RABBITMQ_HOST, RABBITMQ_PORT, …, RABBITMQ_MANAGEMENT_URL and INFLOW_NAMESPACE."""
        settings = cls._at_broker(environment)
        return replace(settings, management_apis=_management_apis(environment, settings.user, settings.password))

    @staticmethod
    def is_configured(environment: Environment) -> bool:
        """Whether the environment names a broker."""
        return environment.is_set(*_BROKER_URLS, "RABBITMQ_HOST")

    @classmethod
    def _at_broker(cls, environment: Environment) -> Self:
        settings = cls(
            user=environment.text("RABBITMQ_USER", "guest"),
            password=environment.text(environment.first_set("RABBITMQ_PASSWORD", "RABBITMQ_PASS"), "guest"),
            # The protocol has 16 bits for the heartbeat, and 0 would turn it off.
            heartbeat_seconds=environment.integer("RABBITMQ_HEARTBEAT_SECONDS", 20, minimum=1, maximum=65535),
            answer_seconds=environment.seconds("RABBITMQ_BLOCKED_SECONDS", 30.0),
            namespace=environment.matching(
                "INFLOW_NAMESPACE", _NAMESPACE, DEFAULT_NAMESPACE, expected=_NAMESPACE_EXPECTED
            ),
        )
        name = environment.first_set(*_BROKER_URLS)
        return settings._at_url(environment, name) if environment.is_set(name) else settings._at_parts(environment)

    def _at_parts(self, environment: Environment) -> Self:
        is_encrypted = environment.is_set(*BROKER_PARAMETERS.values())
        return replace(
            self,
            endpoints=_endpoints(environment, _BROKER_PORTS["amqps" if is_encrypted else "amqp"]),
            virtual_host=environment.text("RABBITMQ_VHOST", "/"),
            tls=broker_tls(environment, url="", parameters={}) if is_encrypted else Tls(),
        )

    def _at_url(self, environment: Environment, name: str) -> Self:
        urls = [_split(url) for url in _one_host_each(environment.text(name, ""))]
        fault = next(filter(None, map(_broker_fault, urls)), None)
        each = [] if fault else [url for url in urls if url]
        if len({(url.scheme, url.query, replace(self._at_host(url), endpoints=())) for url in each}) > 1:
            fault = "names several hosts with different logins, virtual hosts or TLS settings"
        if fault:
            environment.problem(name, f"{fault}; expected {_BROKER_EXPECTED}")
            return self
        endpoints = dict.fromkeys(endpoint for url in each for endpoint in self._at_host(url).endpoints)
        settings = replace(self._at_host(each[0]), endpoints=tuple(endpoints))
        if each[0].scheme == "amqps":
            return replace(settings, tls=broker_tls(environment, url=name, parameters=dict(_parameters(each[0]))))
        for variable in BROKER_PARAMETERS.values():
            if environment.is_set(variable):
                environment.problem(variable, f"is set, but {name} begins with amqp://; expected amqps://")
        return settings

    def _at_host(self, parts: SplitResult) -> Self:
        return replace(
            self,
            endpoints=(Endpoint(parts.hostname or "", parts.port or _BROKER_PORTS[parts.scheme]),),
            user=unquote(parts.username or "") or self.user,
            password=unquote(parts.password or "") or self.password,
            virtual_host=unquote(parts.path[1:]) or "/",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseSettings:
    """Address and login of the database; the URL hides its password whenever it is shown."""

    url: URL
    tls: Tls = field(default_factory=Tls)

    def __str__(self) -> str:
        return f"{self.url.render_as_string()}, TLS {self.tls.mode}"

    @classmethod
    def from_environment(cls, environment: Environment) -> Self:
        """Read DATABASE_URL, or MYSQL_HOST or PGHOST and its likes, and how the connection is encrypted."""
        kind = _kind_of(environment)
        parts = _parts(environment, kind)
        url = _database_url(environment, parts, kind) if environment.is_set(_DATABASE_URL) else parts
        if url.drivername in _SQLITE_SCHEMES:
            return cls(url=url)
        names = kind.tls.variables
        stated = {name: str(value) for name, value in url.query.items() if name in names}
        tls = database_tls(environment, kind.tls, url=_DATABASE_URL, parameters=stated)
        return cls(url=url.difference_update_query(names), tls=tls)

    @staticmethod
    def is_configured(environment: Environment) -> bool:
        """Whether the environment says anything about a database."""
        return environment.is_set(_DATABASE_URL, *MYSQL.variables, POSTGRESQL.host_variable)


def _kind_of(environment: Environment) -> DatabaseKind:
    """Return the kind that the URL names, else that whose host is named."""
    if environment.is_set(_DATABASE_URL):
        scheme = environment.text(_DATABASE_URL, "").partition(":")[0]
        return next((kind for kind in KINDS if scheme in kind.schemes), MYSQL)
    named = [kind for kind in KINDS if environment.is_set(kind.host_variable)] or [MYSQL]
    if len(named) > 1:
        hosts = " and ".join(kind.host_variable for kind in named)
        environment.problem(hosts, f"are both set; expected one of them, or {_DATABASE_URL}")
    return named[0]


def _parts(environment: Environment, kind: DatabaseKind) -> URL:
    """Return what the variables say; of host and port only where no URL names them."""
    parts = URL.create(
        kind.driver,
        username=environment.text(kind.user_variable, "inflow"),
        password=environment.text(kind.password_variable, "") or None,
        database=environment.text(kind.database_variable, "inflow"),
        query=kind.query,
    )
    if environment.is_set(_DATABASE_URL):
        return parts
    host = environment.text(kind.host_variable, "localhost")
    port = environment.integer(kind.port_variable, kind.port, minimum=1, maximum=_MAX_PORT)
    return parts.set(host=host, port=port)


def _split(url: str) -> SplitResult | None:
    """Return the parts of a URL; None if it can't be parsed, because the parser's error would show the password."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # urlsplit checks the port on access
    except ValueError:
        return None
    return parts


def _endpoints(environment: Environment, usual_port: int) -> tuple[Endpoint, ...]:
    port = environment.integer("RABBITMQ_PORT", usual_port, minimum=1, maximum=_MAX_PORT)
    hosts = [host.strip() for host in environment.text("RABBITMQ_HOST", "localhost").split(",")]
    if not all(hosts):
        environment.problem("RABBITMQ_HOST", "has a comma without a host beside it; expected HOST or HOST,HOST")
    return tuple(dict.fromkeys(Endpoint(host, port) for host in hosts))


def _management_apis(environment: Environment, user: str, password: str) -> tuple[ManagementApi, ...]:
    urls = [_split(url) for url in _BETWEEN_URLS.split(environment.text(_MANAGEMENT_URL, "")) if url]
    fault = next(filter(None, map(_management_fault, urls)), None)
    if fault:
        environment.problem(_MANAGEMENT_URL, f"{fault}; expected {_MANAGEMENT_EXPECTED}")
        return ()
    return tuple(
        ManagementApi(
            url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}",
            user=unquote(parts.username or "") or user,
            password=unquote(parts.password or "") or password,
        )
        for parts in urls
        if parts
    )


def _management_fault(parts: SplitResult | None) -> str | None:
    if parts is None:
        return _UNREADABLE
    if parts.scheme not in ("http", "https"):
        return "does not begin with http:// or https://"
    if not parts.hostname:
        return "has no host"
    # An @ here comes from a password that contains a /.
    return "has a ?, a # or an @ after its host" if parts.query or parts.fragment or "@" in parts.path else None


def _one_host_each(urls: str) -> Iterator[str]:
    """Yield a URL for each host: commas separate whole URLs, and the hosts of one."""
    for url in _BETWEEN_URLS.split(urls):
        match = _AROUND_HOSTS.fullmatch(url)
        before, hosts, after = match.groups() if match else (url, "", "")
        for host in hosts.split(","):
            yield f"{before}{host.strip()}{after}"


def _broker_fault(parts: SplitResult | None) -> str | None:
    if parts is None:
        return _UNREADABLE
    if parts.scheme not in _BROKER_PORTS:
        return "does not begin with amqp:// or amqps://"
    if not parts.hostname:
        return "has no host"
    # The text after a # or before an @ may be the rest of a password, so it is not shown.
    if parts.fragment or "@" in parts.query:
        return "contains a #, or an @ after a ?"
    # An @ here comes from a password that contains a /. The virtual host / may be given unescaped.
    if "@" in parts.path or ("/" in parts.path[1:] and parts.path != "//"):
        return "has a second / or an @ after its host"
    return _broker_parameters_fault(parts)


def _broker_parameters_fault(parts: SplitResult) -> str | None:
    names = [name for name, _ in _parameters(parts)]
    if names and parts.scheme == "amqp":
        return "has a ?, but parameters are allowed only with amqps://"
    return _parameters_fault(names, BROKER_PARAMETERS)


def _parameters(parts: SplitResult) -> list[tuple[str, str]]:
    pairs = (pair.partition("=") for pair in parts.query.split("&") if pair)
    return [(unquote(name), unquote(value)) for name, _, value in pairs]


def _parameters_fault(names: Sequence[str], known: Collection[str]) -> str | None:
    """Return the fault in the parameters of a URL, if any; a name is shown only if it looks like one."""
    for name in names:
        if name not in known:
            shown = f" {name}" if name.isidentifier() else ""
            return f"has an unknown parameter{shown} after its ?; known parameters are {', '.join(known) or 'none'}"
        if names.count(name) > 1:
            return f"has {name} twice after its ?"
    return None


def _database_url(environment: Environment, parts: URL, kind: DatabaseKind) -> URL:
    """Return DATABASE_URL in the one form that the program uses, completed from the parts."""
    try:
        url = make_url(environment.text(_DATABASE_URL, ""))
        fault = _database_fault(url, kind)
    except (ArgumentError, TypeError, ValueError):
        url, fault = parts, _UNREADABLE
    if fault:
        environment.problem(_DATABASE_URL, f"{fault}; expected {_DATABASE_EXPECTED}; or sqlite:///PATH")
        return parts
    if url.drivername in _SQLITE_SCHEMES:
        return url
    return parts.set(
        username=url.username or parts.username,
        password=url.password or parts.password,
        host=url.host,
        port=url.port or kind.port,
        database=url.database or parts.database,
        query={**url.query, **parts.query},
    )


def _database_fault(url: URL, kind: DatabaseKind) -> str | None:
    if url.drivername in _SQLITE_SCHEMES:
        is_file = url.database not in (None, "", ":memory:") and not url.host
        return _parameters_fault(list(url.query), ()) if is_file else "does not name a file"
    if url.drivername not in kind.schemes:
        known = (*(scheme for each in KINDS for scheme in each.schemes), "sqlite")
        return f"does not begin with one of {', '.join(f'{scheme}://' for scheme in known)}"
    return _host_fault(url, kind) or _database_parameters_fault(url, kind)


def _host_fault(url: URL, kind: DatabaseKind) -> str | None:
    if (url.port or 0) > _MAX_PORT:
        return f"has a port above {_MAX_PORT}"
    if "@" in (url.host or ""):
        return "has a second @ before its host"
    return None if url.host or kind.socket in url.query else "has no host"


def _database_parameters_fault(url: URL, kind: DatabaseKind) -> str | None:
    if _LOGIN_PARAMETERS & url.query.keys():
        return "has a user or password after its ?"
    # A parameter given twice is a tuple.
    names = [name for name, value in url.query.items() for _ in ([value] if isinstance(value, str) else value)]
    for name in kind.seconds:
        value = str(url.query.get(name, "1"))
        if not value.isdecimal() or int(value) == 0:
            return f"has {name} that is not a positive whole number of seconds"
    return _parameters_fault(names, kind.parameters)
