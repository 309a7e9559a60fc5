"""Nemeses of the network between the services and a server."""

import time
from random import Random

from tests.support.forwarder import Direction, Pace
from verification.chaos.nemesis import Nemesis
from verification.chaos.targets import Held, World


def _cut(world: World, random: Random) -> str:
    name, server = _draw(world, random)
    times = random.randint(1, 4)
    for _ in range(times):
        server.forward.cut()
        time.sleep(random.uniform(0, 0.5))
    return f"all connections to the {name} cut, {times} times"


def _half_open(world: World, random: Random) -> str:
    name, server = _draw(world, random)
    return f"{server.forward.leave_half_open()} connections to the {name} left half-open"


def _slow(world: World, random: Random) -> str:
    name, server = _draw(world, random)
    pace = Pace(piece_bytes=random.choice((100, 1000, 10_000)), pause_seconds=random.uniform(0.01, 0.05))
    seconds = random.uniform(2, 5)
    with server.network:
        server.forward.slow_down(pace)
        time.sleep(seconds)
        server.forward.slow_down(None)
    return f"{pace} to the {name} for {seconds:.1f} s"


def _one_way(world: World, random: Random) -> str:
    name, server = _draw(world, random)
    direction, seconds = random.choice(list(Direction)), random.uniform(1, 9)
    _freeze(server, seconds, direction)
    return f"nothing {direction.value} of the {name} for {seconds:.1f} s"


def _frozen(world: World, random: Random) -> str:
    name, server = _draw(world, random)
    seconds = random.uniform(1, 9)
    _freeze(server, seconds, *Direction)
    return f"nothing to or from the {name} for {seconds:.1f} s"


def _freeze(server: Held, seconds: float, *directions: Direction) -> None:
    with server.network:
        server.forward.freeze(*directions)
        time.sleep(seconds)
        server.forward.thaw()


def _draw(world: World, random: Random) -> tuple[str, Held]:
    return random.choice((("broker", world.to_broker), ("database", world.to_database)))


ON_NETWORK = (
    Nemesis(name="cut", strike=_cut),
    Nemesis(name="half-open", strike=_half_open),
    Nemesis(name="slow", strike=_slow),
    Nemesis(name="one-way", strike=_one_way),
    Nemesis(name="frozen", strike=_frozen),
)
