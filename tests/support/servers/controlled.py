"""Servers under a test's control: stopped, killed, restarted on the same data and port, or wiped."""

from typing import Protocol

from tests.support.servers.found import BrokerServer, DatabaseServer


class ControlledServer(Protocol):
    """A server private to the test. It can be started or wiped only while it does not run."""

    def start(self) -> None:
        """Start it on its existing data, and return once it answers."""

    def stop(self) -> None:
        """Stop it as an operator would; its data stays."""

    def kill(self) -> None:
        """Kill it with SIGKILL; it keeps the data that was on disk by then."""

    def wipe(self) -> None:
        """Delete its data, so that the next start is a first start."""

    def is_ready(self) -> bool:
        """Whether it answers."""


class ControlledBroker(ControlledServer, Protocol):
    """A RabbitMQ private to the test."""

    @property
    def server(self) -> BrokerServer:
        """The server's address and account."""

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against it, and return its output."""


class ControlledDatabase(ControlledServer, Protocol):
    """A MySQL or MariaDB private to the test."""

    @property
    def server(self) -> DatabaseServer:
        """The server's address and account."""
