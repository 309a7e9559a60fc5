"""Nemeses that act like an operator of the broker."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from random import Random
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

import pika
import pika.exceptions

from shared.messaging.topology import QUEUES, WRITER_QUEUE
from tests.support.eventually import eventually
from tests.support.servers.management import Management
from tests.support.topology import TOPOLOGY
from verification.chaos.nemesis import Nemesis
from verification.chaos.targets import World

#: RabbitMQ's default up to 3.13, and sufficient for later versions in a test.
_USUAL_WATERMARK = "0.4"
#: Far below the memory of an idle server.
_LOW_WATERMARK = "0.00001"
_CONSUMERS = ("inflow-writer", "inflow-aggregator", "inflow-watcher-completions")


class _Operator(Management):
    """Deletes queues and connections that are in use."""

    def delete_queue(self, vhost: str, name: str) -> None:
        """Delete a queue with all messages in it; the broker cancels its consumers."""
        with _gone_already():
            self._request("DELETE", f"/api/queues/{quote(vhost, safe='')}/{name}")

    def consumer_connections(self, vhost: str) -> list[str]:
        """Return the names of the services' consumer connections."""
        connections = self._request("GET", f"/api/vhosts/{quote(vhost, safe='')}/connections")
        return [
            str(connection["name"])
            for connection in connections
            if connection.get("client_properties", {}).get("connection_name", "").partition("@")[0] in _CONSUMERS
        ]

    def close_connection(self, name: str) -> None:
        """Have the broker close a connection."""
        with _gone_already():
            self._request("DELETE", f"/api/connections/{quote(name, safe='')}")


@contextmanager
def _gone_already() -> Iterator[None]:
    """Ignore that the object is already gone."""
    try:
        yield
    except HTTPError as error:
        if error.code != HTTPStatus.NOT_FOUND:
            raise


def _raise_memory_alarm(world: World, random: Random) -> str:
    seconds = random.uniform(2, 8)
    with world.to_broker.running:
        world.broker.ctl("set_vm_memory_high_watermark", _LOW_WATERMARK)
        time.sleep(seconds)
        world.broker.ctl("set_vm_memory_high_watermark", _USUAL_WATERMARK)
    return f"memory alarm for {seconds:.1f} s"


def _delete_queue(world: World, random: Random) -> str:
    """Delete it several times: a busy consumer learns of it in another way than an idle one."""
    queue, times = random.choice([WRITER_QUEUE, *QUEUES]), random.randint(1, 4)
    with world.to_broker.running:
        for _ in range(times):
            _Operator(world.broker.server).delete_queue(world.vhost.vhost, TOPOLOGY.name(queue))
            time.sleep(random.uniform(0.2, 1.5))
    return f"the queue {TOPOLOGY.name(queue)} deleted {times} times"


def _unbind_queue(world: World, random: Random) -> str:
    """Unbind it several times, because a service that notices binds it again."""
    until = time.monotonic() + random.uniform(1, 3)
    times = 0
    with world.to_broker.running, closing(pika.BlockingConnection(pika.URLParameters(world.vhost.url))) as connection:
        while time.monotonic() < until or not times:
            times += _unbind(connection)
            time.sleep(random.uniform(0.05, 0.3))
    return f"the writer's queue unbound {times} times"


def _unbind(connection: Any) -> bool:
    """Unbind the writer's queue; False if the broker has lost it and no service has declared it again yet."""
    channel = connection.channel()
    try:
        for routing_key in WRITER_QUEUE.routing_keys:
            channel.queue_unbind(TOPOLOGY.name(WRITER_QUEUE), TOPOLOGY.exchange, routing_key)
    except pika.exceptions.ChannelClosedByBroker:
        return False
    channel.close()
    return True


def _close_connections(world: World, random: Random) -> str:
    operator, vhost = _Operator(world.broker.server), world.vhost.vhost
    with world.to_broker.running:
        names = eventually(lambda: operator.consumer_connections(vhost), message="a service consumes")
        closed = random.sample(names, random.randint(1, len(names)))
        for name in closed:
            operator.close_connection(name)
    return f"{len(closed)} of {len(names)} consumers' connections closed by the broker"


ON_BROKER = (
    Nemesis(name="memory-alarm", strike=_raise_memory_alarm),
    Nemesis(name="queue-deleted", strike=_delete_queue, loses_messages=True),
    Nemesis(name="queue-unbound", strike=_unbind_queue),
    Nemesis(name="connections-closed", strike=_close_connections),
)
