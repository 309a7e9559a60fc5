"""A private network for the members of a cluster, on this machine only.

Each member has a network namespace of its own, with two interfaces: one to this machine, where the clients are, and one
to the other members. A member can therefore be isolated from the others while its clients still reach it, and the
servers may use the same ports as others on this machine.
"""

import os
import shutil
import signal
import socket
import subprocess
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.eventually import eventually
from tests.support.servers.found import Unavailable
from tests.support.servers.processes import SEARCH_PATH, Account, Launcher, ServerProcess

#: From the block that RFC 2544 reserves for benchmarks: 198.18.N.0/24 for clients, 198.19.N.0/24 for members.
_CLIENT_PREFIX, _MEMBER_PREFIX = "198.18", "198.19"
_NETWORKS = range(256)
_PROGRAMS = ("ip", "nsenter", "unshare")
_BRIDGE = "members"


class Network:
    """A network of members, numbered from 0. `closing` kills all processes in it."""

    def __init__(self, size: int, closing: ExitStack) -> None:
        _check()
        self._number = _claim_number(closing)
        folder = Path(closing.enter_context(TemporaryDirectory(prefix="inflow-test-")))
        environment = {**os.environ, "PATH": SEARCH_PATH}
        launcher = Launcher(account=Account(name=None, group_id=None), folder=folder, environment=environment)
        closing.callback(launcher.close)
        self._between = _new_namespace(launcher, closing)
        self._namespaces = [_new_namespace(launcher, closing) for _ in range(size)]
        _ip(self._between, "link", "add", "name", _BRIDGE, "up", "type", "bridge")
        for member in range(size):
            self._connect_to_this_machine(member, closing)
            self._connect_to_members(member)

    @property
    def member_network(self) -> str:
        """The addresses of all members, as NETWORK/BITS."""
        return f"{_MEMBER_PREFIX}.{self._number}.0/24"

    def address(self, member: int) -> str:
        """Return the address of a member for clients on this machine."""
        return f"{_CLIENT_PREFIX}.{self._number}.{4 * member + 2}"

    def member_address(self, member: int) -> str:
        """Return the address of a member for other members."""
        return f"{_MEMBER_PREFIX}.{self._number}.{member + 1}"

    def prefix(self, member: int) -> tuple[str, ...]:
        """Return the beginning of a command line that runs a command in the namespace of a member."""
        return _entering(self._namespaces[member])

    def cut_off(self, member: int) -> None:
        """Isolate a member from the others; packets are dropped silently, as with a pulled cable."""
        _ip(self._between, "link", "set", f"member{member}", "nomaster")

    def reconnect(self, member: int) -> None:
        """Undo cut_off; does nothing for a member that is not isolated."""
        _ip(self._between, "link", "set", f"member{member}", "master", _BRIDGE)

    def _connect_to_this_machine(self, member: int, closing: ExitStack) -> None:
        namespace, host_side = self._namespaces[member], f"inflow{self._number}-{member}"
        _ip(namespace, "link", "set", "lo", "up")
        _ip(None, "link", "add", host_side, "type", "veth", "peer", "name", "clients", "netns", str(_pid(namespace)))
        # The kernel removes it with the namespace, but with a delay.
        closing.callback(_ip, None, "link", "delete", host_side)
        _ip(None, "address", "add", f"{_CLIENT_PREFIX}.{self._number}.{4 * member + 1}/30", "dev", host_side)
        _ip(None, "link", "set", host_side, "up")
        _ip(namespace, "address", "add", f"{self.address(member)}/30", "dev", "clients")
        _ip(namespace, "link", "set", "clients", "up")

    def _connect_to_members(self, member: int) -> None:
        namespace, side = self._namespaces[member], f"member{member}"
        _ip(
            self._between, "link", "add", side, "type", "veth", "peer", "name", "members", "netns", str(_pid(namespace))
        )
        _ip(self._between, "link", "set", side, "master", _BRIDGE, "up")
        _ip(namespace, "address", "add", f"{self.member_address(member)}/24", "dev", "members")
        _ip(namespace, "link", "set", "members", "up")


def _check() -> None:
    if os.geteuid() != 0:
        raise Unavailable("only root may make network namespaces")
    missing = [name for name in _PROGRAMS if shutil.which(name, path=SEARCH_PATH) is None]
    if missing:
        raise Unavailable(f"{', '.join(missing)} not installed: Debian's packages iproute2 and util-linux have them")


def _claim_number(closing: ExitStack) -> int:
    """Return a number that no other process uses until `closing` is closed."""
    for number in _NETWORKS:
        with ExitStack() as held, suppress(OSError):
            # An abstract socket name of Linux, which the kernel gives to one process at a time.
            claim = held.enter_context(socket.socket(socket.AF_UNIX))
            claim.bind(f"\0inflow-test-network-{number}")
            closing.push(held.pop_all())
            return number
    raise Unavailable(f"all {len(_NETWORKS)} networks are in use")


def _new_namespace(launcher: Launcher, closing: ExitStack) -> ServerProcess:
    """Return a process in a new network namespace, which has only a loopback interface."""
    holder = launcher.launch(["unshare", "--net", "sleep", "infinity"])
    closing.callback(holder.kill)
    ours, theirs = _network_of("self"), partial(_network_of, str(_pid(holder)))
    eventually(lambda: holder.has_ended() or theirs() not in (ours, None), message="a network namespace")
    if holder.has_ended():
        raise Unavailable(f"no network namespace can be made here: {holder.log_tail()}")
    closing.callback(_kill_all_in, theirs() or "")
    return holder


def _network_of(process: str) -> str | None:
    """Return the network namespace of a process; None if it has ended."""
    try:
        return str(Path(f"/proc/{process}/ns/net").readlink())
    except OSError:
        return None


def _kill_all_in(namespace: str) -> None:
    """Kill all processes of a namespace, such as a server that an interrupted script has just started."""

    def is_empty() -> bool:
        inside = [name for name in os.listdir("/proc") if name.isdigit() and _network_of(name) == namespace]
        for name in inside:
            with suppress(ProcessLookupError):
                os.kill(int(name), signal.SIGKILL)
        return not inside

    eventually(is_empty, message=f"no process is left in {namespace}")


def _pid(namespace: ServerProcess) -> int:
    return namespace.process.pid


def _entering(namespace: ServerProcess) -> tuple[str, ...]:
    return ("nsenter", f"--net=/proc/{_pid(namespace)}/ns/net", "--")


def _ip(namespace: ServerProcess | None, *arguments: str) -> None:
    """Run ip in a namespace, or if that is None, on this machine."""
    prefix = _entering(namespace) if namespace else ()
    command = [*prefix, "ip", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PATH": SEARCH_PATH})
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command)}: {done.stderr.strip()}")
