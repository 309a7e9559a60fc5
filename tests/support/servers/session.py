"""The servers of one test session, and the choice of the way to get them."""

import atexit
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import TypeVar

from tests.support.servers.docker import DockerServers
from tests.support.servers.found import BrokerServer, DatabaseServer, PostgresqlProvider, Provider, Unavailable, Way
from tests.support.servers.management import Management
from tests.support.servers.named import NamedServers
from tests.support.servers.own import DATABASE_VARIABLE
from tests.support.servers.probes import database_version
from tests.support.servers.programs import DebianPackages, InstalledPrograms

T = TypeVar("T")
W = TypeVar("W", bound=Way)


class Servers:
    """One RabbitMQ and one database, each obtained when first needed."""

    def __init__(self, *, environ: Mapping[str, str], announce: Callable[[str], None]) -> None:
        self._closing = ExitStack()
        self._announce = announce
        self._wants_postgresql = environ.get(DATABASE_VARIABLE) == "postgresql"
        named = NamedServers(environ)
        programs, packages = InstalledPrograms(self._closing), DebianPackages(self._closing, announce)
        every_way: list[Provider] = [named, DockerServers(self._closing), programs, packages]
        #: No matter which way is asked for: a PostgreSQL runs beside the servers of all tests.
        self._ways_to_postgresql: list[PostgresqlProvider] = [named, programs, packages]
        self._providers = chosen(every_way, environ.get("INFLOW_TEST_PROVISION", ""))
        # Also if pytest itself ends without finishing its fixtures.
        atexit.register(self.close)

    @cached_property
    def broker(self) -> BrokerServer:
        """The RabbitMQ; raises Unavailable with the ways that were tried."""
        server, way = first_available(self._providers, lambda provider: provider.broker())
        self._announce(f"RabbitMQ {Management(server).version()} on {server.host}:{server.port} ({way})")
        return server

    @cached_property
    def database(self) -> DatabaseServer:
        """The MySQL or MariaDB, or what INFLOW_TEST_DATABASE asks for; Unavailable says what was tried."""
        if self._wants_postgresql:
            return self.postgresql
        server, way = first_available(self._providers, lambda provider: provider.database())
        self._announce(f"database {database_version(server)} on {server.url.host}:{server.url.port} ({way})")
        return server

    @cached_property
    def postgresql(self) -> DatabaseServer:
        """The PostgreSQL; Unavailable says what was tried."""
        server, way = first_available(self._ways_to_postgresql, lambda provider: provider.postgresql())
        self._announce(f"database {database_version(server)} on {server.url.host}:{server.url.port} ({way})")
        return server

    def close(self) -> None:
        """End the servers that were started; a second call does nothing."""
        self._closing.close()


def chosen(every_way: Sequence[Provider], forced: str) -> Sequence[Provider]:
    """Return the ways to try, in order: all of them, or the one named by INFLOW_TEST_PROVISION."""
    if not forced:
        return every_way
    names = [provider.name for provider in every_way]
    if forced not in names:
        raise ValueError(f"INFLOW_TEST_PROVISION is {forced!r}; expected one of {', '.join(names)}")
    return [provider for provider in every_way if provider.name == forced]


def first_available(providers: Iterable[W], ask: Callable[[W], T]) -> tuple[T, str]:
    """Return the first server there is, and the name of the way that gave it."""
    reasons = []
    for provider in providers:
        try:
            return ask(provider), provider.name
        except Unavailable as reason:
            reasons.append(f"{provider.name}: {reason}")
    raise Unavailable("; ".join(reasons))
