"""Nemeses of the service processes."""

from random import Random

from verification.chaos.nemesis import Nemesis
from verification.chaos.targets import World

_MAX_AT_ONCE = 3


def _kill(world: World, random: Random) -> str:
    killed = [world.crew.draw(random) for _ in range(random.randint(1, _MAX_AT_ONCE))]
    for post in killed:
        world.crew.kill(post)
    return f"kill -9 of {', '.join(post.name for post in killed)}"


def _restart(world: World, random: Random) -> str:
    post = world.crew.draw(random)
    world.crew.restart(post)
    return f"restart of a {post.name}"


def _pause(world: World, random: Random) -> str:
    post, seconds = world.crew.draw(random), random.uniform(1, 9)
    world.crew.pause(post, seconds)
    return f"a {post.name} stood still for {seconds:.1f} s"


ON_SERVICES = (
    Nemesis(name="service-killed", strike=_kill),
    Nemesis(name="service-restarted", strike=_restart),
    Nemesis(name="service-paused", strike=_pause),
)
