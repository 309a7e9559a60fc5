"""Breaks clusters under load: python -m verification.cluster --kind galera --rounds 20, or replays one: --seed 7."""

import argparse
import os
import signal
import sys
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from tests.support.servers.own import SCRIPTS_VARIABLE
from verification.cluster.campaign import run_campaign
from verification.cluster.kinds import KINDS, Kind
from verification.cluster.plan import Plan, choices_of, draw_plan

#: The folder of the scripts that start the servers, unless the variable is set.
_USUAL_SCRIPTS = "/opt/servers"
#: Enough rounds for each fault of each kind.
_ROUNDS = 20
#: Ctrl-C, and what `timeout` or a CI runner sends.
_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)


def main() -> int:
    """Read the arguments and run."""
    arguments = _arguments()
    for number in _INTERRUPTIONS:
        signal.signal(number, _interrupt)
    kinds = [kind for kind in KINDS if arguments.kind in (None, kind.name)]
    plans = [plan for kind in kinds for plan in _plans(kind, arguments)]
    if not plans:
        print(f"no fault of this kind has the name {arguments.only}")
        return 2
    scripts = Path(os.environ.get(SCRIPTS_VARIABLE, _USUAL_SCRIPTS))
    try:
        is_right = run_campaign(plans, scripts, say=partial(print, flush=True), replay=partial(_replay, arguments.only))
    except KeyboardInterrupt:
        print("interrupted; all that it started has ended")
        return 1
    return 0 if is_right else 1


def _plans(kind: Kind, arguments: argparse.Namespace) -> list[Plan]:
    """Generate all rounds of a kind, grouped by variant, because each variant is a cluster of its own."""
    only = arguments.only.split(",") if arguments.only else []
    choices = choices_of(kind, only)
    if not choices:
        return []
    rounds = arguments.rounds or (len(choices) if only else _ROUNDS)
    seeds = [arguments.seed] if arguments.seed is not None else range(1, rounds + 1)
    plans = [draw_plan(kind, seed, arguments.rows, only=only) for seed in seeds]
    return sorted(plans, key=lambda plan: kind.variants.index(plan.variant))


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """End everything that was started; a second signal must not interrupt that."""
    for number in _INTERRUPTIONS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m verification.cluster", description=__doc__)
    parser.add_argument("--kind", choices=[kind.name for kind in KINDS], help="the kind of cluster; all without it")
    parser.add_argument(
        "--rounds",
        type=int,
        help=f"rounds of each kind, with the seeds from 1 on: {_ROUNDS}, or with --only one for each fault",
    )
    parser.add_argument("--seed", type=int, help="run only the round with this seed")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows that are dropped in each round")
    parser.add_argument("--only", help="names of faults to draw from, separated by commas")
    return parser.parse_args()


def _replay(only: str | None, plan: Plan) -> str:
    """Return the command that repeats a round."""
    selection = f" --only {only}" if only else ""
    chosen = f"--kind {plan.kind.name} --seed {plan.seed} --rows {plan.rows}"
    return f"replay: python -m verification.cluster {chosen}{selection}"


if __name__ == "__main__":
    sys.exit(main())
