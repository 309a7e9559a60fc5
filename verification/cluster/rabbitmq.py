"""A RabbitMQ cluster of three nodes, with `pause_minority`."""

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.support.eventually import eventually
from tests.support.forwarder import Address
from tests.support.servers.found import BrokerServer, Unavailable
from verification.chaos.convergence import Installation
from verification.cluster.follower import Follower
from verification.cluster.members import MEMBERS, BrokerMember, all_at_once, brokers

#: A killed node must replay its log, and waits for the others.
_REPAIR_SECONDS = 300.0
#: The protocol header of a client, and the maximum time in which an idle node answers it.
_GREETING, _ANSWER_SECONDS = b"AMQP\x00\x00\x09\x01", 2.0


class RabbitmqCluster:
    """The cluster, and an address that forwards to a node that answers."""

    def __init__(self, scripts: Path, closing: ExitStack) -> None:
        self.members = brokers(scripts, closing, size=MEMBERS)
        self.follower = Follower(self._choose)
        closing.callback(self.follower.close)

    @property
    def server(self) -> BrokerServer:
        """The broker at the address that follows the cluster, with the management API of the first node."""
        host, port = self.follower.address
        return replace(self.members[0].server, host=host, port=port)

    def start(self) -> None:
        """Start all nodes; the others join the first."""
        first, *others = self.members
        # A node that does not find the first one in time would form a cluster of its own.
        first.start()
        all_at_once(lambda member: member.start(), others)
        self.mend()
        self.follower.open()

    def mend(self) -> None:
        """Repair all damage of a fault; return once all nodes are in the cluster again."""
        eventually(self._is_mended, timeout_seconds=_REPAIR_SECONDS, pause_seconds=1.0, message="all nodes running")

    def problems(self, installation: Installation) -> Iterator[str]:
        """Yield the queues that are not on all nodes after an installation's round."""
        for queue in self._queues(installation.vhost.vhost):
            if len(queue["members"]) < len(self.members):
                yield f"the queue {queue['name']} is only on {queue['members']}"

    def leader(self, vhost: str, queue: str) -> BrokerMember:
        """Return the node of a queue's leader."""
        leaders = {each["name"]: each["leader"] for each in self._queues(vhost)}
        return next(member for member in self.members if member.node == leaders[queue])

    def _queues(self, vhost: str) -> list[Any]:
        """Return the quorum queues of a virtual host."""
        columns = ("name", "type", "leader", "members")
        listed = self.members[0].ctl("list_queues", "--silent", "-p", vhost, *columns, "--formatter", "json")
        return [queue for queue in json.loads(listed) if queue["type"] == "quorum"]

    def _choose(self, current: Address | None) -> Address | None:
        usable = [member.address for member in self.members if _answers(member.address)]
        return current if current in usable else next(iter(usable), None)

    def _is_mended(self) -> bool:
        for member in self.members:
            member.heal()
        return all(len(_running(member)) == len(self.members) for member in self.members)


def _running(member: BrokerMember) -> Sequence[str]:
    """Return the names of the running nodes, as seen by one of them."""
    try:
        status = json.loads(member.ctl("cluster_status", "--silent", "--formatter", "json"))
    except (Unavailable, ValueError):
        return ()
    return list(status["running_nodes"])


def _answers(address: Address) -> bool:
    """Whether a node answers: a paused one accepts connections but sends nothing."""
    try:
        with socket.create_connection(address, timeout=_ANSWER_SECONDS) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            connection.sendall(_GREETING)
            return bool(connection.recv(1))
    except OSError:
        return False
