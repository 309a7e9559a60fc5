"""Breaks the product on purpose, and shows which layer catches it: python -m verification.mutants."""

import argparse
import sys

from verification.mutants.catalog import MUTANTS
from verification.mutants.mutant import Attempt, Mutant
from verification.mutants.mutated_copy import Verdict, copy_of_the_product, run_layer


def main() -> int:
    """Run all mutants, print the table, and return 0 if each was caught by a layer that passes the product itself."""
    mutants = [mutant for mutant in MUTANTS if _arguments().only in mutant.name]
    caught_by = {mutant.name: _first_that_catches(mutant) for mutant in mutants}
    attempts = {attempt for attempt in caught_by.values() if attempt is not None}
    unjust = [attempt for attempt in sorted(attempts, key=str) if not _lets_the_product_pass(attempt)]
    print(f"\n{'mutant':<44} caught by")
    for name, attempt in caught_by.items():
        print(f"{name:<44} {_described(attempt) if attempt else 'NOTHING'}")
    for attempt in unjust:
        print(f"WRONG WITHOUT ANY MUTANT: {_described(attempt)}")
    return 1 if unjust or None in caught_by.values() or not mutants else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m verification.mutants", description=__doc__)
    parser.add_argument("--only", metavar="WORD", default="", help="the mutants with this in their names")
    return parser.parse_args()


def _first_that_catches(mutant: Mutant) -> Attempt | None:
    for attempt in mutant.attempts:
        with copy_of_the_product(mutant.edits) as root:
            verdict = run_layer(root, attempt)
        _say(mutant.name, attempt, verdict)
        if verdict.is_wrong:
            return attempt
    return None


def _lets_the_product_pass(attempt: Attempt) -> bool:
    """Check that the unchanged product passes: a layer that always fails catches nothing."""
    with copy_of_the_product() as root:
        verdict = run_layer(root, attempt)
    _say("the product itself", attempt, verdict)
    return not verdict.is_wrong


def _say(name: str, attempt: Attempt, verdict: Verdict) -> None:
    print(f"--- {name}: {_described(attempt)}: {'wrong' if verdict.is_wrong else 'right'}", flush=True)
    print(verdict.last_words, flush=True)


def _described(attempt: Attempt) -> str:
    return f"{attempt.layer} {attempt.arguments}".rstrip()


if __name__ == "__main__":
    sys.exit(main())
