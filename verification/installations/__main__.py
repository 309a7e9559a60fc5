"""Runs many installations on one broker and one database server: python -m verification.installations [--rounds N].

In each round, files are dropped into all of them while some are restarted or killed, their databases are emptied, their
folders removed, or the broker is emptied. Afterwards each must have only its own rows.
"""

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.support.eventually import StillNot, eventually
from tests.support.servers.isolation import own_vhost
from tests.support.servers.management import Management
from verification.chaos.servers import ChaosServers, start_servers
from verification.installations.neighbour import Neighbour

#: Longer than any back-off, and than the time until an abandoned namespace is free.
_CONVERGENCE_SECONDS = 180.0
_BLOWS_OF_A_ROUND = (2, 5)

Blow = Callable[[Neighbour], None]


def main() -> int:
    """Run the rounds; return 0 if all installations were correct after each."""
    options = _options()
    # Everything that was started is ended, however this process ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with TemporaryDirectory(prefix="inflow-installations-") as folder, ExitStack() as closing:
        servers = start_servers(closing)
        vhost = closing.enter_context(own_vhost(servers.broker.server))
        random = Random(options.seed)
        neighbours = [
            Neighbour.make(
                f"house{number}",
                Path(folder),
                broker_url=vhost.url,
                server_url=servers.database.server.url,
                random=random,
            )
            for number in range(options.installations)
        ]
        for neighbour in neighbours:
            neighbour.start()
            closing.callback(neighbour.pipeline.close)
        return _run(neighbours, random, _blows(servers, vhost.vhost), rounds=options.rounds)


def _run(neighbours: list[Neighbour], random: Random, blows: dict[str, Blow], *, rounds: int) -> int:
    struck: Counter[str] = Counter()
    for number in range(1, rounds + 1):
        began = time.monotonic()
        for neighbour in neighbours:
            neighbour.drop_files()
        for _ in range(random.randint(*_BLOWS_OF_A_ROUND)):
            name, neighbour = random.choice(sorted(blows)), random.choice(neighbours)
            blows[name](neighbour)
            struck[name] += 1
            random.choice(neighbours).drop_files()
        problems = _verdict(neighbours)
        said = f"WRONG, {len(problems)} problems" if problems else "right"
        print(f"round {number} of {rounds}: {said}, {time.monotonic() - began:.0f} s", flush=True)
        if problems:
            print("\n".join(f"  {problem}" for problem in problems[:30]))
            for neighbour in neighbours:
                if any(problem.startswith(neighbour.name) for problem in problems):
                    print(neighbour.pipeline.logs())
            return 1
    print(f"{rounds} rounds, {len(neighbours)} installations, 0 wrong; {dict(sorted(struck.items()))}")
    return 0


def _verdict(neighbours: list[Neighbour]) -> list[str]:
    """Wait until nothing is left to do, and return the problems."""

    def left() -> list[str]:
        return [each for neighbour in neighbours for each in neighbour.left()]

    try:
        eventually(lambda: not left(), timeout_seconds=_CONVERGENCE_SECONDS, pause_seconds=1.0)
    except StillNot:
        stuck = left()
        return [*(each for neighbour in neighbours for each in neighbour.problems()), *stuck]
    return [each for neighbour in neighbours for each in neighbour.problems()]


def _blows(servers: ChaosServers, vhost: str) -> dict[str, Blow]:
    broker = servers.broker

    def empty_broker(_neighbour: Neighbour) -> None:
        # Not only the virtual host: a queue that a client declares while its virtual host is deleted may be unusable
        # in RabbitMQ 4.3 until the node starts again (cluster_not_formed).
        broker.kill()
        broker.wipe()
        broker.start()
        Management(broker.server).make_vhost(vhost)

    def restart(neighbour: Neighbour) -> None:
        neighbour.stop(kill=False)
        neighbour.start()

    def kill(neighbour: Neighbour) -> None:
        neighbour.stop(kill=True)
        neighbour.start()

    return {
        "killed": kill,
        "restarted": restart,
        "database emptied": Neighbour.lose_database,
        "all lost but the queues": Neighbour.lose_all_but_queues,
        "broker emptied": empty_broker,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m verification.installations", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="how many rounds (%(default)s)")
    parser.add_argument("--installations", type=int, default=10, help="how many installations (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="what chance is made of (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
