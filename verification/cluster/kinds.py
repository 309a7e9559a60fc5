"""The kinds of clusters: how each is started, together with the other server it needs, and its faults."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL

from tests.support.forwarder import Address
from tests.support.servers.found import BrokerServer, DatabaseServer
from verification.chaos.convergence import Installation
from verification.cluster.fault import Fault
from verification.cluster.follower import Follower
from verification.cluster.galera import Galera
from verification.cluster.group_replication import GroupReplication
from verification.cluster.members import Client, all_at_once, brokers, single_mysql
from verification.cluster.on_galera import ON_GALERA
from verification.cluster.on_group_replication import ON_GROUP_REPLICATION
from verification.cluster.on_rabbitmq import ON_RABBITMQ
from verification.cluster.rabbitmq import RabbitmqCluster

#: The account of the services, which, unlike root, a read-only or offline server refuses.
DATABASE_USER, DATABASE_PASSWORD = "inflow", "inflow-test"


class _Startable(Protocol):
    def start(self) -> None: ...


class Cluster(_Startable, Protocol):
    """Several servers that act as one for their clients."""

    follower: Follower

    def mend(self) -> None:
        """Repair all damage of a fault; return once all members are back."""

    def problems(self, installation: Installation) -> Iterable[str]:
        """Yield the problems of the members after an installation's round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """A cluster, and the broker and database of a round, one of which is the cluster."""

    cluster: Cluster
    #: The broker as reached by the harness.
    broker: BrokerServer
    #: The broker as reached by the services.
    broker_addresses: Sequence[Address]
    #: The database as reached by the harness and the services.
    database: DatabaseServer
    #: Runs rabbitmqctl, and returns its output.
    ctl: Callable[..., str]

    def broker_url(self, vhost: str) -> str:
        """Return the URL of the broker for the services."""
        ours = f"{self.broker.host}:{self.broker.port}"
        return self.broker.url(vhost).replace(ours, ",".join(f"{host}:{port}" for host, port in self.broker_addresses))


Start = Callable[[Path, ExitStack], Servers]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One configuration of a kind of cluster."""

    name: str
    #: Takes the folder of the scripts; raises Unavailable with what is missing.
    start: Start


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of cluster."""

    name: str
    variants: Sequence[Variant]
    faults: Sequence[Fault[Any]]


def _start_group_replication(scripts: Path, closing: ExitStack) -> Servers:
    return _with_single_broker(GroupReplication(scripts, closing), scripts, closing)


def _start_galera(scripts: Path, closing: ExitStack, *, has_binary_log: bool) -> Servers:
    return _with_single_broker(Galera(scripts, closing, has_binary_log=has_binary_log), scripts, closing)


def _with_single_broker(cluster: GroupReplication | Galera, scripts: Path, closing: ExitStack) -> Servers:
    [rabbitmq] = brokers(scripts, closing, size=1)
    _start(rabbitmq, cluster)
    database = _served_at(*cluster.follower.address)
    _let_services_in(database)
    broker = rabbitmq.server
    return Servers(
        cluster=cluster,
        broker=broker,
        broker_addresses=[(broker.host, broker.port)],
        database=database,
        ctl=rabbitmq.ctl,
    )


def _start_rabbitmq(scripts: Path, closing: ExitStack) -> Servers:
    mysql = single_mysql(scripts, closing)
    cluster = RabbitmqCluster(scripts, closing)
    _start(mysql, cluster)
    _let_services_in(mysql.server)
    return Servers(
        cluster=cluster,
        broker=cluster.server,
        broker_addresses=[member.address for member in cluster.members],
        database=mysql.server,
        ctl=cluster.members[0].ctl,
    )


def _start(*servers: _Startable) -> None:
    all_at_once(lambda server: server.start(), servers)


def _served_at(host: str, port: int) -> DatabaseServer:
    return DatabaseServer(url=URL.create("mysql+pymysql", "root", host=host, port=port))


def _let_services_in(database: DatabaseServer) -> None:
    Client(database.url).execute(
        f"CREATE USER {DATABASE_USER}@'%' IDENTIFIED BY '{DATABASE_PASSWORD}'",
        rf"GRANT ALL ON `inflow\_test\_%`.* TO {DATABASE_USER}@'%'",
    )


GROUP_REPLICATION = Kind(
    name="group-replication",
    variants=(Variant(name="one primary", start=_start_group_replication),),
    faults=ON_GROUP_REPLICATION,
)
GALERA = Kind(
    name="galera",
    variants=(
        Variant(name="binary log", start=partial(_start_galera, has_binary_log=True)),
        Variant(name="no binary log", start=partial(_start_galera, has_binary_log=False)),
    ),
    faults=ON_GALERA,
)
RABBITMQ = Kind(
    name="rabbitmq",
    variants=(Variant(name="pause_minority", start=_start_rabbitmq),),
    faults=ON_RABBITMQ,
)

KINDS = (GROUP_REPLICATION, GALERA, RABBITMQ)
