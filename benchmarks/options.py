"""The options of the command line."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

#: In the order in which they run.
CASES = ("first", "again", "changed", "rivals", "small", "latency", "writers", "scale", "embedded", "profile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The extent of the measurement."""

    rows: int
    cases: frozenset[str]
    repeat: int
    writers: int
    small_files: int
    latency_samples: int
    rival_rows: int
    rival_seconds: float
    calm_seconds: float
    seed: int
    json: Path | None

    @classmethod
    def parse(cls, arguments: Sequence[str] | None = None) -> Self:
        """Read the command line; ends the program if it is invalid."""
        parsed = vars(_parser().parse_args(arguments))
        return cls(**{**parsed, "cases": frozenset(parsed["cases"])})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures Inflow and its rivals on real servers. docs/performance.md says what the figures mean.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--rows", type=_positive, default=1_000_000, metavar="N", help="people in the large file")
    add("--cases", type=_cases, default=",".join(CASES), metavar="A,B", help="some of these")
    add("--repeat", type=_positive, default=1, metavar="N", help="runs of each case; scale and profile run once")
    add("--writers", type=_positive, default=2, metavar="N", help="writers, in cases that do not vary their number")
    add("--small-files", type=_positive, default=1000, metavar="N", help="files of 100 rows, dropped together")
    add("--latency-samples", type=_positive, default=20, metavar="N", help="files of 100 rows, dropped one by one")
    add("--rival-rows", type=_positive, default=100_000, metavar="N", help="at most, for each bounded rival")
    add("--rival-seconds", type=float, default=120.0, metavar="S", help="time limit in seconds for each bounded rival")
    add("--calm-seconds", type=float, default=30.0, metavar="S", help="at most: the wait for calm servers before a run")
    add("--seed", type=int, default=1, metavar="N", help="the same seed gives the same people")
    add("--json", type=Path, default=None, metavar="FILE", help="write all results to this file as JSON")
    return parser


def _cases(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if unknown := set(names) - set(CASES):
        raise argparse.ArgumentTypeError(f"no such case: {', '.join(sorted(unknown))}; there are {', '.join(CASES)}")
    return names


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected a number above 0")
    return number
