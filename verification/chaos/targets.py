"""The targets of nemeses: servers, services, network and disk."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from tests.support.forwarder import Forwarder
from tests.support.servers.controlled import ControlledBroker, ControlledDatabase
from tests.support.servers.isolation import Broker
from verification.chaos.supervisor import Crew


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A server, the forwarder in front of it, and locks for exclusive use of either."""

    forward: Forwarder
    running: Lock = field(default_factory=Lock)
    network: Lock = field(default_factory=Lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The services, their servers, the network between them, and the disk."""

    crew: Crew
    broker: ControlledBroker
    database: ControlledDatabase
    vhost: Broker
    to_broker: Held
    to_database: Held
    data: Path
