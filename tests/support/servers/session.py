"""The servers of one test session, and the choice of the way to get them."""

import atexit
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import TypeVar

from tests.support.servers.docker import DockerServers
from tests.support.servers.found import BrokerServer, DatabaseServer, Provider, Unavailable
from tests.support.servers.management import Management
from tests.support.servers.named import NamedServers
from tests.support.servers.probes import database_version
from tests.support.servers.programs import DebianPackages, InstalledPrograms

T = TypeVar("T")


class Servers:
    """One RabbitMQ and one database, each obtained when first needed."""

    def __init__(self, *, environ: Mapping[str, str], announce: Callable[[str], None]) -> None:
        self._closing = ExitStack()
        self._announce = announce
        every_way: list[Provider] = [
            NamedServers(environ),
            DockerServers(self._closing),
            InstalledPrograms(self._closing),
            DebianPackages(self._closing, announce),
        ]
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
        """The MySQL or MariaDB; raises Unavailable with the ways that were tried."""
        server, way = first_available(self._providers, lambda provider: provider.database())
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


def first_available(providers: Iterable[Provider], ask: Callable[[Provider], T]) -> tuple[T, str]:
    """Return the first available server, and the name of the way that provided it."""
    reasons = []
    for provider in providers:
        try:
            return ask(provider), provider.name
        except Unavailable as reason:
            reasons.append(f"{provider.name}: {reason}")
    raise Unavailable("; ".join(reasons))
