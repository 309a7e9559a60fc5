"""Runs the simulation (layer 1): python -m verification.simulation [--seeds N] [--first N] [--jobs N] | --seed N."""

import argparse
import os
import sys
import time

from verification.simulation.batch import Totals, Workshop, run_all
from verification.simulation.faults import all_kinds

#: Number of seeds from which each kind of fault must occur at least once.
_SEEDS_FOR_EVERY_KIND = 500
_PROGRESS_SECONDS = 20.0


def main() -> int:
    """Run the requested seeds; return 0 if all are correct."""
    options = _options()
    if options.seed is not None:
        return _replay(options.seed)
    began = time.monotonic()
    totals = _run(range(options.first, options.first + options.seeds), options.jobs, until_wrong=options.until_wrong)
    return report(totals, seconds=time.monotonic() - began)


def report(totals: Totals, *, seconds: float) -> int:
    """Print the results; return 1 if anything was wrong, or if a kind of fault never occurred in many seeds."""
    for kind in all_kinds():
        print(f"{totals.faults[kind]:9,} {kind}")
    is_long = totals.seeds >= _SEEDS_FOR_EVERY_KIND
    never = [kind for kind in all_kinds() if is_long and not totals.faults[kind]]
    for kind in never:
        print(f"WRONG: this fault never occurred: {kind}")
    print(
        f"{totals.seeds:,} seeds, {totals.faults.total():,} faults, {len(totals.failures)} wrong, {seconds:.0f} s; "
        f"the end came within {totals.most_rounds} rounds and {totals.most_seconds:.0f} simulated seconds"
    )
    return 1 if totals.failures or never else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m verification.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many seeds (%(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes side by side (%(default)s)")
    parser.add_argument("--until-wrong", action="store_true", help="end soon after the first seed that is wrong")
    parser.add_argument("--seed", type=int, help="replay this one and print all its steps and faults")
    return parser.parse_args()


def _replay(seed: int) -> int:
    with Workshop.open() as workshop:
        result = workshop.run(seed, is_traced=True)
    print("\n".join(result.trace))
    for problem in result.problems:
        print(f"WRONG: {problem}")
    print(f"seed {seed}: {'wrong' if result.problems else 'right'} after {result.rounds} rounds without faults")
    return 1 if result.problems else 0


def _run(seeds: range, jobs: int, *, until_wrong: bool) -> Totals:
    told = time.monotonic()
    totals = Totals()
    for batch in run_all(seeds, jobs=jobs):
        totals.add(batch)
        for seed, problems in batch.failures.items():
            print(f"seed {seed}: {problems[0]}\n  replay: python -m verification.simulation --seed {seed}", flush=True)
        if until_wrong and totals.failures:
            break
        if time.monotonic() - told > _PROGRESS_SECONDS:
            told = time.monotonic()
            print(f"{totals.seeds:,} of {len(seeds):,} seeds, {len(totals.failures)} wrong", flush=True)
    return totals


if __name__ == "__main__":
    sys.exit(main())
