"""Clusters: the tools of `python -m verification.cluster`, which breaks real ones."""

import signal
import socket
import socketserver
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from threading import Thread

import pytest

from tests.support.eventually import MAX_WAIT_SECONDS, eventually
from tests.support.forwarder import Address
from tests.support.missing import missing
from tests.support.servers.found import Unavailable
from verification.cluster.campaign import Line, run_campaign
from verification.cluster.follower import Follower
from verification.cluster.group_replication import Seen, agreed_primary
from verification.cluster.kinds import GALERA, GROUP_REPLICATION, KINDS, Kind, Servers, Variant
from verification.cluster.network import Network
from verification.cluster.plan import draw_plan
from verification.cluster.progress import Progress
from verification.cluster.round import Outcome
from verification.cluster.workload import draw_workload


def test_a_seed_always_gives_the_same_round() -> None:
    assert draw_plan(GALERA, 7, 1000) == draw_plan(GALERA, 7, 1000)
    assert draw_plan(GALERA, 7, 1000) != draw_plan(GALERA, 8, 1000)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_twenty_rounds_apply_each_fault_to_each_variant(kind: Kind) -> None:
    plans = [draw_plan(kind, seed, 1000) for seed in range(1, 21)]

    struck = {(plan.variant.name, plan.fault.name) for plan in plans}
    assert struck == {(variant.name, fault.name) for variant in kind.variants for fault in kind.faults}


def test_only_the_named_faults_are_applied() -> None:
    plans = [draw_plan(GROUP_REPLICATION, seed, 1000, only=["offline-mode"]) for seed in range(1, 4)]

    assert {plan.fault.name for plan in plans} == {"offline-mode"}


@pytest.mark.parametrize("rows", [1000, 20_000, 20_001])
def test_the_files_of_a_round_have_the_requested_rows(rows: int) -> None:
    workload = draw_workload(Random(1), rows)

    assert sum(len(drop.rows) for drop in workload.drops) == rows
    assert workload == draw_workload(Random(1), rows)
    assert len({drop.name for drop in workload.drops}) == len(workload.drops)


def test_known_people_come_last_in_the_order_of_keys_of_the_second_file() -> None:
    first, second = draw_workload(Random(1), 20_000).early

    known = {cells[:2] for cells in first.rows.values()}
    in_order = [cells[:2] in known for cells in sorted(second.rows.values())]
    assert not any(in_order[: len(in_order) // 2])
    assert any(in_order[len(in_order) // 2 :])


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_stall_is_the_longest_time_between_two_rows() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    progress.note_dropped(100)
    for now, rows in ((50.0, 10), (52.0, 20), (53.0, None), (59.0, 20), (60.0, 30), (61.0, 40)):
        clock.now = now
        progress.note_applied(rows)

    assert progress.longest_stall_seconds == 8.0
    clock.now = 64.0
    assert progress.stall_seconds == 3.0


def test_time_without_rows_to_apply_is_not_a_stall() -> None:
    clock = Clock()
    progress = Progress(clock=clock)
    progress.note_dropped(10)
    progress.note_applied(10)
    clock.now = 100.0
    assert progress.is_done()
    assert progress.stall_seconds == 0.0

    progress.note_dropped(10)
    clock.now = 101.0
    progress.note_applied(20)
    assert progress.longest_stall_seconds == 1.0


def test_an_isolated_primary_is_not_the_primary_of_the_others() -> None:
    cut_off = [Seen("1", "ONLINE", "PRIMARY"), Seen("2", "ONLINE", "SECONDARY"), Seen("3", "ONLINE", "SECONDARY")]
    others = [Seen("2", "ONLINE", "PRIMARY"), Seen("3", "ONLINE", "SECONDARY")]

    assert agreed_primary([cut_off, others, others]) == "2"
    assert agreed_primary([cut_off, [], others]) is None
    assert agreed_primary([[Seen("1", "OFFLINE", "")], [], []]) is None


class Named(socketserver.BaseRequestHandler):
    """Sends the port of its server at the connection, and again in answer to any data."""

    def handle(self) -> None:
        self.request.sendall(str(self.request.getsockname()[1]).encode())
        while data := self.request.recv(100):
            self.request.sendall(data)


@contextmanager
def named_server() -> Iterator[Address]:
    """Run a server that sends its port to each client."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Named) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        yield "127.0.0.1", server.server_address[1]
        server.shutdown()
        serving.join()


class Followed:
    """Two servers, and an address that follows the current primary."""

    def __init__(self, first: Address, second: Address) -> None:
        self.servers = (first, second)
        self.in_charge: Address | None = first
        self.looks = 0
        self.follower = Follower(self._look)

    def _look(self, _current: Address | None) -> Address | None:
        self.looks += 1
        return self.in_charge

    def connect(self) -> tuple[socket.socket, Address]:
        """Connect to the address; return the connection and the port of its server."""
        connection = socket.create_connection(self.follower.address, timeout=10)
        return connection, ("127.0.0.1", int(connection.recv(100)))

    def wait_for_looks(self) -> None:
        """Wait until the follower has again looked up the primary and applied the answer."""
        before = self.looks
        eventually(lambda: self.looks > before + 1, message="the follower has asked")

    def wait_until_led_to(self, server: Address) -> None:
        """Wait until the follower forwards to this server."""
        eventually(lambda: self.follower.target == server, message="the follower has noticed")


@pytest.fixture
def followed() -> Iterator[Followed]:
    with ExitStack() as closing:
        followed = Followed(closing.enter_context(named_server()), closing.enter_context(named_server()))
        followed.follower.open()
        closing.callback(followed.follower.close)
        yield followed


@pytest.mark.parametrize("cuts", [True, False])
def test_a_follower_forwards_to_the_primary_and_may_cut_earlier_connections(followed: Followed, cuts: bool) -> None:
    first, second = followed.servers
    followed.follower.cuts = cuts
    old, led_to = followed.connect()
    assert led_to == first

    followed.in_charge = second
    followed.wait_until_led_to(second)

    new, led_to = followed.connect()
    assert led_to == second
    if not cuts:
        old.sendall(b"word")
    assert old.recv(100) == (b"" if cuts else b"word")
    old.close()
    new.close()


def test_a_follower_keeps_its_target_without_a_primary_or_while_held(followed: Followed) -> None:
    first, second = followed.servers
    with followed.follower.held():
        followed.in_charge = second
        connection, led_to = followed.connect()
        connection.close()
        assert led_to == first
    followed.wait_until_led_to(second)

    followed.in_charge = None
    followed.wait_for_looks()
    connection, led_to = followed.connect()
    connection.close()
    assert led_to == second


def test_a_follower_spreads_connections_over_several_members(followed: Followed) -> None:
    with followed.follower.spread(followed.servers):
        connections = [followed.connect() for _ in range(4)]
    for connection, _ in connections:
        assert connection.recv(100) == b""
        connection.close()

    assert {led_to for _, led_to in connections} == set(followed.servers)


_LISTEN = (
    "import socket; server = socket.create_server(('0.0.0.0', 5000)); print(flush=True)\nwhile server.accept(): pass"
)
_CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], 5000), timeout=1)"


def some_network(closing: ExitStack) -> Network:
    try:
        return Network(2, closing)
    except Unavailable as reason:
        missing(str(reason))


@pytest.fixture
def network() -> Iterator[Network]:
    with ExitStack() as closing:
        yield some_network(closing)


def listen(network: Network, member: int) -> subprocess.Popen[bytes]:
    """Listen on a port of a member; return the process, which does so until it is killed."""
    server = subprocess.Popen([*network.prefix(member), sys.executable, "-c", _LISTEN], stdout=subprocess.PIPE)
    assert server.stdout is not None
    server.stdout.readline()
    return server


def is_reached(*prefix: str, address: str) -> bool:
    command = [*prefix, sys.executable, "-c", _CONNECT, address]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_an_isolated_member_is_reached_by_clients_but_not_by_other_members(network: Network) -> None:
    with listen(network, 1) as server:
        assert is_reached(address=network.address(1))
        assert is_reached(*network.prefix(0), address=network.member_address(1))

        network.cut_off(1)
        assert is_reached(address=network.address(1))
        assert not is_reached(*network.prefix(0), address=network.member_address(1))

        network.reconnect(1)
        assert is_reached(*network.prefix(0), address=network.member_address(1))
        server.kill()


def test_processes_in_a_network_are_killed_with_it() -> None:
    with ExitStack() as closing:
        server = listen(some_network(closing), 0)
    with server:
        assert server.wait(MAX_WAIT_SECONDS) == -signal.SIGKILL


def test_two_networks_do_not_disturb_each_other(network: Network) -> None:
    with ExitStack() as closing, listen(network, 0) as server:
        other = some_network(closing)
        assert other.address(0) != network.address(0)
        assert is_reached(address=network.address(0))
        assert not is_reached(address=other.address(0))
        server.kill()


def outcome(*problems: str) -> Outcome:
    return Outcome(
        plan=draw_plan(GALERA, 7, 1000),
        problems=problems,
        struck="kill -9",
        longest_stall_seconds=12.34,
        dead_letters=0,
        revived=0,
        seconds=60.0,
        folder=Path("kept"),
    )


def test_a_round_with_a_problem_or_without_a_verdict_fails() -> None:
    plan = draw_plan(GALERA, 7, 1000)
    right, wrong = Line(plan=plan, outcome=outcome()), Line(plan=plan, outcome=outcome("a writer ended by itself"))

    assert right.is_right
    assert not wrong.is_right
    assert not Line(plan=plan, outcome=None).is_right
    assert "12.3" in str(right)
    assert "FAILED, 1 problems" in str(wrong)


@pytest.mark.parametrize("failure", [Unavailable("rsync is not installed"), RuntimeError("it did not come up")])
def test_rounds_without_a_cluster_fail_with_the_reason_and_the_others_continue(
    tmp_path: Path, failure: Exception
) -> None:
    def start(_scripts: Path, _closing: ExitStack) -> Servers:
        raise failure

    kind = replace(GALERA, variants=[Variant(name="first", start=start), Variant(name="second", start=start)])
    plans = [draw_plan(kind, seed, 1000, only=["writer-killed"]) for seed in (1, 2)]
    said: list[str] = []

    assert not run_campaign(plans, tmp_path, say=said.append, replay=lambda plan: f"replay {plan.seed}")
    assert all(str(failure) in each for each in said[:2])
    assert "2 rounds, 2 failed" in said[2]
