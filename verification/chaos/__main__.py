"""Runs chaos: python -m verification.chaos --seeds 20, or replays one seed: --seed 7."""

import argparse
import os
import shlex
import signal
import sys
from functools import partial
from types import FrameType
from typing import NoReturn

from tests.support.servers.found import Unavailable
from tests.support.servers.own import SCRIPTS_VARIABLE
from verification.chaos.campaign import run_campaign
from verification.chaos.nemeses import NEMESES
from verification.chaos.on_disk import why_no_small_disk

#: Ctrl-C, and what `timeout` or a CI runner sends.
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Read the arguments and run."""
    arguments = _arguments()
    for number in _INTERRUPTIONS:
        signal.signal(number, _interrupt)
    nemeses = [each for each in NEMESES if arguments.nemesis in (None, each.name)]
    if problem := why_no_small_disk():
        print(f"LEFT OUT: disk-full: {problem}", flush=True)
        nemeses = [each for each in nemeses if not each.fills_disk]
    if not nemeses:
        return 1
    seeds = [arguments.seed] if arguments.seed is not None else range(1, arguments.seeds + 1)
    say = partial(print, flush=True)
    try:
        is_right = run_campaign(seeds, nemeses, say=say, replay=partial(_replay, nemesis=arguments.nemesis))
    except Unavailable as reason:
        print(f"no servers: {reason}")
        return 1
    except KeyboardInterrupt:
        print("interrupted; all that it started has ended")
        return 1
    return 0 if is_right else 1


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """End everything that was started; a second signal must not interrupt that."""
    for number in _INTERRUPTIONS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m verification.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="number of seeds to run, from 1 on")
    parser.add_argument("--seed", type=int, help="run only this seed")
    parser.add_argument("--nemesis", choices=[each.name for each in NEMESES], help="run only this nemesis")
    return parser.parse_args()


def _replay(seed: int, *, nemesis: str | None) -> str:
    scripts = os.environ.get(SCRIPTS_VARIABLE)
    prefix = f"{SCRIPTS_VARIABLE}={shlex.quote(scripts)} " if scripts else ""
    return f"{prefix}python -m verification.chaos --seed {seed}" + (f" --nemesis {nemesis}" if nemesis else "")


if __name__ == "__main__":
    sys.exit(main())
