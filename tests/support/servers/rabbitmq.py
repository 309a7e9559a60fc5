"""A RabbitMQ from the programs on this machine, private to the test session."""

import shutil
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from tests.support.servers.found import BrokerServer, Unavailable
from tests.support.servers.probes import broker_problem, wait_until_ready
from tests.support.servers.processes import SEARCH_PATH, Account, Launcher, ServerProcess, find_program, free_ports

#: Returns additional lines of rabbitmq.conf, given the server's folder.
Configure = Callable[[Path], Mapping[str, str]]

#: Debian's internal script; the one in /usr/sbin always uses the folders of the system's server.
DEBIAN_SCRIPTS = "rabbitmq_server-*/sbin/rabbitmq-server"


def no_more(_folder: Path) -> Mapping[str, str]:
    """Return no additional lines."""
    return {}


def find_rabbitmq() -> str | None:
    """Return the script that starts the server in the foreground."""
    packaged = sorted(Path("/usr/lib/rabbitmq/lib").glob(DEBIAN_SCRIPTS))
    return str(packaged[-1]) if packaged else find_program("rabbitmq-server")


def start_rabbitmq(closing: ExitStack) -> BrokerServer:
    """Start a fresh server with its management API on free ports; `closing` ends it and removes its data."""
    rabbitmq = private_rabbitmq(closing)
    rabbitmq.start()
    return rabbitmq.server


def private_rabbitmq(closing: ExitStack, configure: Configure = no_more) -> "PrivateRabbitmq":
    """Prepare a server that does not run yet; `closing` ends it and removes its data."""
    [rabbitmq] = private_nodes(closing, 1, configure)
    return rabbitmq


def private_nodes(closing: ExitStack, count: int, configure: Configure = no_more) -> "list[PrivateRabbitmq]":
    """Prepare the nodes of a cluster, which do not run yet; `closing` ends them and removes their data.

    At its first start, a node joins those that run. `configure` returns additional lines of rabbitmq.conf.
    """
    program, epmd = find_rabbitmq(), find_program("epmd")
    if program is None or epmd is None:
        raise Unavailable("rabbitmq-server is not installed")
    account = Account.of_server("rabbitmq")
    names, cookie = free_ports(1), token_hex()
    cluster = [_Ports(first, first + 1, first + 2, names) for first in (free_ports(3) for _ in range(count))]
    nodes: list[PrivateRabbitmq] = []
    for ports in cluster:
        folder = closing.enter_context(account.private_folder())
        _configure(folder, ports, cluster, configure(folder))
        launcher = Launcher(account=account, folder=folder, environment=_environment(folder, ports))
        # Written by the account itself, because Erlang accepts only its owner's file.
        launcher.run(["sh", "-c", f"umask 377; echo {cookie} >.erlang.cookie"])
        if not nodes:
            # A private name server of Erlang, so that the machine's is neither used nor left running.
            closing.callback(launcher.launch([epmd, "-address", "127.0.0.1", "-port", str(names)]).kill)
        nodes.append(PrivateRabbitmq(program, launcher, ports))
        closing.callback(nodes[-1].close)
    return nodes


@dataclass(frozen=True, slots=True)
class _Ports:
    broker: int
    management: int
    distribution: int
    #: Port of the name server, which the nodes of a cluster share.
    epmd: int


class PrivateRabbitmq:
    """A server with its own data that can be ended in any way and restarted."""

    def __init__(self, program: str, launcher: Launcher, ports: _Ports) -> None:
        #: Its name within a cluster.
        self.name = _node_name(ports)
        self.server = BrokerServer(
            host="127.0.0.1",
            port=ports.broker,
            user="guest",
            password="guest",
            management_url=f"http://127.0.0.1:{ports.management}",
        )
        self._program = program
        self._launcher = launcher
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Start it on its existing data, and return once it answers."""
        process = self._process = self._launcher.launch([self._program])
        wait_until_ready(lambda: broker_problem(self.server), ended=process.has_ended, log=process.log_tail)

    def stop(self) -> None:
        """Stop it as an operator would; its data stays."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """Kill it with SIGKILL; it keeps the data that was on disk by then."""
        if self._process is not None:
            self._process.kill()

    def wipe(self) -> None:
        """Delete its data, so that the next start is a first start."""
        shutil.rmtree(self._launcher.folder / "mnesia")

    def is_ready(self) -> bool:
        """Whether it answers."""
        return broker_problem(self.server) is None

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against it, and return its output."""
        return self.tool("rabbitmqctl", *arguments)

    def tool(self, name: str, *arguments: str) -> str:
        """Run one of RabbitMQ's tools against it, and return its output."""
        done = self._launcher.run([str(Path(self._program).with_name(name)), *arguments])
        if done.returncode != 0:
            raise RuntimeError(f"{name} {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Pause it until the block ends; its connections stay open."""
        if self._process is None:
            raise RuntimeError(f"{self.name} does not run")
        self._process.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """End it for good."""
        self.kill()
        self._launcher.close()


def _node_name(ports: _Ports) -> str:
    return f"inflow-test-{ports.broker}@localhost"


def _configure(folder: Path, ports: _Ports, cluster: Sequence[_Ports], more: Mapping[str, str]) -> None:
    (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
    settings = {"management.tcp.ip": "127.0.0.1", "management.tcp.port": str(ports.management), **more}
    if len(cluster) > 1:
        settings["cluster_partition_handling"] = "pause_minority"
        settings |= {f"cluster_formation.classic_config.nodes.{n}": _node_name(each) for n, each in enumerate(cluster)}
    (folder / "rabbitmq.conf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    (folder / "rabbitmq-env.conf").touch()


def _environment(folder: Path, ports: _Ports) -> dict[str, str]:
    """Return the environment that keeps all files in the folder, and all ports on the loopback interface."""
    return {
        "PATH": SEARCH_PATH,
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "RABBITMQ_NODENAME": _node_name(ports),
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(ports.broker),
        "RABBITMQ_DIST_PORT": str(ports.distribution),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_PORT": str(ports.epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        # The script then becomes the server instead of starting it, so that its pid is the server's.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
