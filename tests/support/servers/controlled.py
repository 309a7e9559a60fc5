"""Servers that a test may do anything to: stop, kill, start again on the same data and port, or wipe."""

from typing import Protocol

from tests.support.servers.found import BrokerServer, DatabaseServer


class ControlledServer(Protocol):
    """A server of the test's own. Only one that does not run can be started or wiped."""

    def start(self) -> None:
        """Start it on the data that it has, and return once it answers."""

    def stop(self) -> None:
        """End it as an operator would; its data stays."""

    def kill(self) -> None:
        """End it with SIGKILL; its data is what it had saved by then."""

    def wipe(self) -> None:
        """Delete its data: the next start is a first one."""

    def is_ready(self) -> bool:
        """Whether it answers."""


class ControlledBroker(ControlledServer, Protocol):
    """A RabbitMQ of the test's own."""

    @property
    def server(self) -> BrokerServer:
        """How to reach it."""

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against it, and return what that says."""


class ControlledDatabase(ControlledServer, Protocol):
    """A MySQL or MariaDB of the test's own."""

    @property
    def server(self) -> DatabaseServer:
        """How to reach it."""
