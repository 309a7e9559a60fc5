"""Nemeses of the server processes and of the broker's data."""

import time
from random import Random

from shared.messaging.topology import QUEUES
from tests.support.eventually import eventually
from tests.support.servers.management import Management
from tests.support.topology import TOPOLOGY
from verification.chaos.nemesis import Nemesis
from verification.chaos.targets import World

_MAX_OUTAGE_SECONDS = 2.0
#: A service may first have to notice that its connection is half-open, and then wait for its next try.
_MAX_RECONNECTION_SECONDS = 90.0


def _restart_broker(world: World, random: Random) -> str:
    with world.to_broker.running:
        world.broker.stop()
        _stay_away(random)
        world.broker.start()
    return "restart of the broker"


def _kill_broker(world: World, random: Random) -> str:
    with world.to_broker.running:
        if _forgets_new_queues(world):
            _let_queues_be_saved(world)
        world.broker.kill()
        _stay_away(random)
        world.broker.start()
    return "kill -9 of the broker"


def _wipe_broker(world: World, random: Random) -> str:
    with world.to_broker.running:
        world.broker.kill()
        world.broker.wipe()
        _stay_away(random)
        world.broker.start()
        # The operator creates the virtual host, as well as the user and the password.
        Management(world.broker.server).make_vhost(world.vhost.vhost)
    return "the broker lost its data"


def _restart_database(world: World, random: Random) -> str:
    with world.to_database.running:
        world.database.stop()
        _stay_away(random)
        world.database.start()
    return "restart of the database"


def _kill_database(world: World, random: Random) -> str:
    with world.to_database.running:
        world.database.kill()
        _stay_away(random)
        world.database.start()
    return "kill -9 of the database"


def _forgets_new_queues(world: World) -> bool:
    """Whether a kill in the first seconds of a quorum queue destroys it, as seen on RabbitMQ 3.10, never on 4.3.

    The queue is lost with confirmed messages, or it has no leader and accepts no messages until it is deleted by hand.
    Clients can do nothing about it.
    """
    return Management(world.broker.server).version().startswith("3.")


def _let_queues_be_saved(world: World) -> None:
    """Wait until the services have declared all queues, and flush the broker's data about them to disk."""
    declared = {
        name
        for queue in QUEUES
        for name in (TOPOLOGY.name(queue), TOPOLOGY.dead_letter_name(queue), TOPOLOGY.redrive_name(queue))
    }
    management, vhost = Management(world.broker.server), world.vhost.vhost
    eventually(
        lambda: declared <= set(management.queue_names(vhost)),
        timeout_seconds=_MAX_RECONNECTION_SECONDS,
        message="all queues are declared",
    )
    world.broker.ctl("eval", "mnesia:sync_log(), [dets:sync(Table) || Table <- dets:all()].")


def _stay_away(random: Random) -> None:
    time.sleep(random.uniform(0, _MAX_OUTAGE_SECONDS))


ON_SERVERS = (
    Nemesis(name="broker-restarted", strike=_restart_broker),
    Nemesis(name="broker-killed", strike=_kill_broker),
    Nemesis(name="broker-wiped", strike=_wipe_broker, loses_messages=True),
    Nemesis(name="database-restarted", strike=_restart_database),
    Nemesis(name="database-killed", strike=_kill_database),
)
