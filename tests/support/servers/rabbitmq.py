"""A RabbitMQ of this machine's own programs, private to the test session."""

from contextlib import ExitStack
from pathlib import Path

from tests.support.servers.found import BrokerServer, Unavailable
from tests.support.servers.probes import broker_problem, wait_until_ready
from tests.support.servers.processes import (
    SEARCH_PATH,
    Account,
    find_program,
    free_ports,
    running,
)

#: Debian's own script; the one in /usr/sbin insists on the folders of the system's server.
DEBIAN_SCRIPTS = "rabbitmq_server-*/sbin/rabbitmq-server"


def find_rabbitmq() -> str | None:
    """Return the script that starts the server in the foreground."""
    packaged = sorted(Path("/usr/lib/rabbitmq/lib").glob(DEBIAN_SCRIPTS))
    return str(packaged[-1]) if packaged else find_program("rabbitmq-server")


def start_rabbitmq(closing: ExitStack) -> BrokerServer:
    """Start a fresh server with its management API on free ports; `closing` ends it and removes its data."""
    program, epmd = find_rabbitmq(), find_program("epmd")
    if program is None or epmd is None:
        raise Unavailable("rabbitmq-server is not installed")
    account = Account.of_server("rabbitmq")
    with ExitStack() as started:
        folder = started.enter_context(account.private_folder())
        port, management_port, distribution_port, epmd_port = free_ports(4)
        _configure(folder, management_port)
        environment = _environment(folder, port, distribution_port, epmd_port)
        started.enter_context(
            running(
                # Erlang's name server: with one of our own, the machine's is neither used nor left behind.
                [epmd, "-address", "127.0.0.1", "-port", str(epmd_port)],
                account=account,
                folder=folder,
                environment=environment,
            )
        )
        process = started.enter_context(running([program], account=account, folder=folder, environment=environment))
        server = BrokerServer(
            host="127.0.0.1",
            port=port,
            user="guest",
            password="guest",
            management_url=f"http://127.0.0.1:{management_port}",
        )
        wait_until_ready(lambda: broker_problem(server), ended=process.has_ended, log=process.log_tail)
        closing.push(started.pop_all())
    return server


def _configure(folder: Path, management_port: int) -> None:
    (folder / "enabled_plugins").write_text("[rabbitmq_management].\n")
    (folder / "rabbitmq.conf").write_text(f"management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {management_port}\n")
    (folder / "rabbitmq-env.conf").touch()


def _environment(folder: Path, port: int, distribution_port: int, epmd_port: int) -> dict[str, str]:
    """Everything under the folder, everything on the loopback interface."""
    return {
        "PATH": SEARCH_PATH,
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "RABBITMQ_NODENAME": f"inflow-test-{port}@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution_port),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "ERL_EPMD_PORT": str(epmd_port),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
        # The script then becomes the server instead of starting it: the pid we know is the server's.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
