"""Members of a cluster: servers run by a script, each in a namespace of a private network."""

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from sqlalchemy import URL, Engine, create_engine, exc, text
from sqlalchemy.pool import NullPool

from tests.support.eventually import eventually
from tests.support.servers.found import BrokerServer, DatabaseServer, Unavailable
from tests.support.servers.mysqld import SERVER_OPTIONS
from tests.support.servers.probes import broker_problem, database_problem
from tests.support.servers.scripts import Script, ScriptedServer
from verification.cluster.network import Network

#: The minimum from which a majority remains if one member is lost.
MEMBERS = 3
#: Each member is the only server in its namespace.
DATABASE_PORT, BROKER_PORT = 3306, 5672
#: RabbitMQ accepts its default user, guest, only from the loopback interface.
_BROKER_USER, _BROKER_PASSWORD = "inflow", "inflow-test"
#: A paused member accepts connections but does not answer.
_LOOK_SECONDS = 2
#: An operator's statement may wait for all members, or for data that a member has missed.
_OPERATOR_SECONDS = 120

T = TypeVar("T")


class Member(ScriptedServer):
    """A server of a cluster: its number, and its addresses for clients and for the other members."""

    def __init__(
        self,
        number: int,
        network: Network,
        script: Script,
        problem: Callable[[], str | None],
        options: Sequence[str] = (),
    ) -> None:
        super().__init__(script, problem, *options)
        self.number = number
        self.member_address = network.member_address(number)
        self.address = (network.address(number), script.port)
        self._network = network
        self._read = 0

    def cut_off(self) -> None:
        """Isolate it from the other members; clients still reach it."""
        self._network.cut_off(self.number)

    def heal(self) -> None:
        """End a pause and an isolation, and start it if it has ended."""
        self._network.reconnect(self.number)
        self.resume()
        if not self.is_running():
            self.start()

    def new_log(self, name: str) -> str:
        """Return what was added to one of its log files since the last call."""
        with (self._script.folder / name).open(errors="replace") as log:
            log.seek(self._read)
            said = log.read()
            self._read = log.tell()
        return said


class Client:
    """Queries a database server, or runs statements on it, on a new connection each time."""

    def __init__(self, url: URL) -> None:
        self._look = _engine(url, _LOOK_SECONDS)
        self._operate = _engine(url, _OPERATOR_SECONDS)

    def ask(self, statement: str) -> list[Any] | None:
        """Return the rows of a quick query; None if there is no answer."""
        try:
            with self._look.connect() as connection:
                return list(connection.execute(text(statement)))
        except exc.DBAPIError:
            return None

    def query(self, statement: str) -> list[Any]:
        """Return the rows of a query, without a time limit."""
        with self._operate.connect() as connection:
            return list(connection.execute(text(statement)))

    def execute(self, *statements: str) -> None:
        """Run statements as an operator does, one after the other on one connection."""
        with self.session() as execute:
            for statement in statements:
                execute(statement)

    @contextmanager
    def session(self) -> Iterator[Callable[[str], object]]:
        """Yield a function that runs statements on one connection until the block ends."""
        with self._operate.connect() as connection:
            yield lambda statement: connection.execute(text(statement))


class DatabaseMember(Member, Client):
    """A MySQL or MariaDB server. Root has no password, because only this machine can reach it."""

    _DATA = "data"

    def __init__(self, number: int, network: Network, script: Script, options: Sequence[str]) -> None:
        url = URL.create("mysql+pymysql", "root", host=network.address(number), port=script.port)
        Member.__init__(self, number, network, script, partial(database_problem, DatabaseServer(url=url)), options)
        Client.__init__(self, url)
        self.server = DatabaseServer(url=url)


class MysqlMember(DatabaseMember):
    """A MySQL that mysql.sh runs."""

    _PID_FILE = "mysqld.pid"


class MariadbMember(DatabaseMember):
    """A MariaDB that mariadb.sh runs."""

    _PID_FILE = "mariadbd.pid"

    def bootstrap(self) -> None:
        """Start it as the first member of a new cluster, and allow root to log in from other addresses."""
        self._script("start", str(self._script.port), *self._options, "--wsrep-new-cluster")
        eventually(self._lets_root_in, message="the first member of the cluster is ready")

    def _lets_root_in(self) -> bool:
        try:
            self._script("client", "-e", "CREATE USER root@'%'; GRANT ALL ON *.* TO root@'%' WITH GRANT OPTION")
        except Unavailable:
            # It accepts connections before it is ready for statements.
            return False
        return True


class BrokerMember(Member):
    """A RabbitMQ that rabbitmq.sh runs."""

    _PID_FILE = "rabbitmq.pid"
    _DATA = "mnesia"

    def __init__(self, number: int, network: Network, script: Script) -> None:
        host = network.address(number)
        self.server = BrokerServer(
            host=host,
            port=script.port,
            user=_BROKER_USER,
            password=_BROKER_PASSWORD,
            management_url=f"http://{host}:{script.port + 1}",
        )
        super().__init__(number, network, script, partial(broker_problem, self.server))
        self.node = f"rabbit@{self.member_address}"

    def configure(self, first: str, *, cookie: str) -> None:
        """Write its configuration, with the name of the node that it joins at its first start."""
        folder, management_port = self._script.folder, self._script.port + 1
        (folder / "rabbitmq.conf").write_text(
            f"management.tcp.ip = 0.0.0.0\nmanagement.tcp.port = {management_port}\n"
            "cluster_formation.peer_discovery_backend = classic_config\n"
            "cluster_partition_handling = pause_minority\n"
            # The first node names only itself, because it would wait for others that do not run yet.
            f"cluster_formation.classic_config.nodes.1 = {first}\n"
        )
        # The script's own settings are for a single node on the loopback interface.
        (folder / "rabbitmq-env.conf").write_text(
            f"RABBITMQ_NODENAME={self.node}\nRABBITMQ_USE_LONGNAME=true\nRABBITMQ_NODE_IP_ADDRESS=0.0.0.0\n"
            f"ERL_EPMD_ADDRESS={self.member_address}\nRABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=\n"
            "export RABBITMQ_USE_LONGNAME\n"
        )
        secret = folder / ".erlang.cookie"
        secret.write_text(cookie)
        secret.chmod(0o400)

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against it, and return its output."""
        return self._script("ctl", *arguments)


def single_mysql(scripts: Path, closing: ExitStack) -> MysqlMember:
    """Prepare a MySQL that is not part of a cluster; `closing` ends it and removes its data."""
    network, [script] = lay_out(scripts / "mysql.sh", closing, port=DATABASE_PORT, size=1)
    return MysqlMember(0, network, script, [*SERVER_OPTIONS, "--bind-address=*", "--skip-name-resolve"])


def brokers(scripts: Path, closing: ExitStack, *, size: int) -> list[BrokerMember]:
    """Prepare RabbitMQ nodes, which join the first one. `closing` ends them and removes their data."""
    login = {"RABBITMQ_DEFAULT_USER": _BROKER_USER, "RABBITMQ_DEFAULT_PASS": _BROKER_PASSWORD}
    path = scripts / "rabbitmq.sh"
    network, each = lay_out(path, closing, port=BROKER_PORT, size=size, environment=login)
    members = [BrokerMember(number, network, script) for number, script in enumerate(each)]
    cookie = secrets.token_hex()
    for member in members:
        member.configure(members[0].node, cookie=cookie)
    return members


def lay_out(
    path: Path, closing: ExitStack, *, port: int, size: int = MEMBERS, environment: Mapping[str, str] | None = None
) -> tuple[Network, list[Script]]:
    """Create a network, and the script of each member; `closing` ends them and removes their data."""
    if not os.access(path, os.X_OK):
        raise Unavailable(f"{path} can't be run")
    # Before the network, because they must be removed after all processes in it have ended.
    folders = [_own_folder(closing) for _ in range(size)]
    network = Network(size, closing)
    scripts = [
        Script(path=path, folder=folder, port=port, prefix=network.prefix(number), environment=environment or {})
        for number, folder in enumerate(folders)
    ]
    return network, scripts


def all_at_once(action: Callable[[T], object], servers: Sequence[T]) -> None:
    """Do the same to several servers at the same time; raise the exception of any of them."""
    threads = ThreadPoolExecutor(len(servers))
    try:
        for done in [threads.submit(action, server) for server in servers]:
            done.result()
    finally:
        # After an interruption the servers are killed, which ends the threads' waits.
        threads.shutdown(wait=False)


def _own_folder(closing: ExitStack) -> Path:
    folder = Path(closing.enter_context(TemporaryDirectory(prefix="inflow-test-", ignore_cleanup_errors=True)))
    # The servers run under accounts of their own.
    folder.chmod(0o755)
    return folder


def _engine(url: URL, seconds: int) -> Engine:
    return create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        # There is nothing to roll back, and a member that refuses all queries would refuse that, too.
        pool_reset_on_return=None,
        skip_autocommit_rollback=True,
        connect_args={"connect_timeout": seconds, "read_timeout": seconds, "write_timeout": seconds},
    )
