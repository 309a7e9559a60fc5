"""The command: runs the crash points on real servers, and prints for each failed run how to repeat it."""

import argparse
import os
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.support.servers import session
from verification.crash.campaign import attempt_all
from verification.crash.counting import WrongWithoutFaults
from verification.crash.environment import Servers
from verification.crash.plan import USUAL_PASSAGES, NeverPassed, Plan
from verification.crash.points import Point
from verification.crash.table import points_like
from verification.crash.trial import Outcome, Trial, Variant

_SEED = 1
#: A run spends about half of its time waiting.
_JOBS = 2


def main(arguments: Sequence[str]) -> int:
    """Run the command; return 0 if all trials passed."""
    options = _parser().parse_args(arguments)
    points = points_like(options.only)
    if not points:
        print(f"no point has {options.only!r} in its name; --list shows them all")
        return 2
    if options.list:
        print("\n".join(point.full_name for point in points))
        return 0
    servers = session.Servers(environ=os.environ, announce=lambda text: print(f"servers: {text}", flush=True))
    try:
        return _try_all(Servers(broker=servers.broker, database=servers.database), points, options)
    finally:
        servers.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m verification.crash", description=__doc__)
    parser.add_argument("--only", metavar="WORD", default="", help="the points with this in their name; see --list")
    parser.add_argument("--passages", metavar="LIST", help="first, middle, last or numbers, with commas between them")
    parser.add_argument("--variants", metavar="LIST", default=",".join(Variant), help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=_SEED, help="of the files that are dropped; default: %(default)s")
    parser.add_argument("--jobs", type=int, default=_JOBS, help="runs at a time; default: %(default)s")
    parser.add_argument("--fail-fast", action="store_true", help="end with the first run that fails")
    parser.add_argument("--list", action="store_true", help="list the points and do nothing else")
    return parser


def _try_all(servers: Servers, points: Sequence[Point], options: argparse.Namespace) -> int:
    plan = Plan(servers, seed=options.seed)
    try:
        trials = list(_planned(plan, points, options))
    except (NeverPassed, WrongWithoutFaults) as problem:
        print(f"{type(problem).__name__}: {problem}")
        return 1
    ends: Counter[str] = Counter()
    for outcome in attempt_all(servers, trials, jobs=options.jobs):
        ends[outcome.status] += 1
        print(f"{ends.total()}/{len(trials)} {_line(outcome)}", flush=True)
        if outcome.problems:
            print(_story(outcome, seed=options.seed), flush=True)
            if options.fail_fast:
                break
    print(f"{len(points)} points, {ends.total()} runs: {', '.join(f'{count} {end}' for end, count in ends.items())}")
    return 1 if ends["failed"] else 0


def _planned(plan: Plan, points: Sequence[Point], options: argparse.Namespace) -> Iterator[Trial]:
    for variant in map(Variant, options.variants.split(",")):
        passages = options.passages.split(",") if options.passages else USUAL_PASSAGES[variant]
        yield from plan.trials(points, variant, passages)


def _line(outcome: Outcome) -> str:
    trial = outcome.trial
    status = outcome.status.upper() if outcome.problems else outcome.status
    kills = f", {outcome.kills} kills" if trial.variant is Variant.AGAIN else ""
    return (
        f"{status}: {trial.point.full_name}, passage {trial.passage}, {trial.variant}{kills} ({outcome.seconds:.1f} s)"
    )


def _story(outcome: Outcome, *, seed: int) -> str:
    """Print the problems, the services' logs, and the command that repeats the trial."""
    trial = outcome.trial
    command = ["python", "-m", "verification.crash", "--only", trial.point.full_name]
    command += ["--passages", str(trial.passage), "--variants", trial.variant, "--seed", str(seed)]
    problems = [f"  - {problem}" for problem in outcome.problems]
    return "\n".join([*problems, outcome.logs, f"  again: {shlex.join(command)}"])
