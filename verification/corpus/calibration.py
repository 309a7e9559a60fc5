"""Prints how often files are read correctly, by confidence: python -m verification.corpus.calibration [--seeds N]."""

import argparse
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from shared.model.datasets import NOTHING_FIXED
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detector import make_plan
from shared.reading.table_rows import rows_of
from verification.corpus.generated import generated
from verification.corpus.layouts import generated_layout

#: The lower bounds of the ranges, in hundredths: below the second one a load refuses the file.
BOUNDS = (0, 55, 65, 75, 85, 95)


class Trial(NamedTuple):
    """The confidence of one file, and whether its header and rows were read correctly."""

    confidence: float
    is_refused: bool
    is_right: bool


def main() -> None:
    """Print a line for each range of confidence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3000)
    found = [*trials(range(parser.parse_args().seeds))]
    print(f"{len(found)} generated files")
    print(f"{'confidence':12} {'files':>7} {'refused':>8} {'read right':>11}")
    for line in table(found):
        print(line)
    loaded = [trial for trial in found if not trial.is_refused]
    refused, right = 1 - len(loaded) / len(found), sum(trial.is_right for trial in loaded) / len(loaded)
    print(f"refused {refused:.1%}; of those that load {right:.1%} are read right")


def table(found: list[Trial]) -> Iterator[str]:
    """Return for each range the number of files, and of those read correctly."""
    files, refused, right = Counter[int](), Counter[int](), Counter[int]()
    for trial in found:
        bound = max(each for each in BOUNDS if each <= round(trial.confidence * 100))
        files[bound] += 1
        refused[bound] += trial.is_refused
        right[bound] += trial.is_right
    for bound, end in zip(BOUNDS, [*BOUNDS[1:], 101], strict=True):
        share = f"{right[bound] / files[bound]:.1%}" if files[bound] else "-"
        label = f"{bound} to {end - 1} %"
        print_share = f"{files[bound]:7} {refused[bound]:8} {share:>11}"
        yield f"{label:12} {print_share}"


def trials(seeds: range) -> Iterator[Trial]:
    """Read files with tables of every kind, and files with one fault in a plain table."""
    for seed in seeds:
        file = generated_layout(seed)
        yield _trial(file.content, file.header, file.rows)
        case = generated(seed)
        yield _trial(case.content, case.answer.header, case.answer.rows)


def _trial(content: bytes, header: list[str] | None, rows: list[list[str]]) -> Trial:
    try:
        plan = make_plan(BytesIO(content), NOTHING_FIXED)
        source = plan.open(BytesIO(content))
        found = [row[1] for row in rows_of(source) if not isinstance(row, UnreadableRow)]
    except FileRefused:
        return Trial(0.0, is_refused=True, is_right=False)
    names = header or [f"column_{number}" for number in range(1, len(source.header) + 1)]
    is_right = source.header == names and found[: len(rows)] == rows
    return Trial(plan.confidence, plan.refusal is not None, is_right)


if __name__ == "__main__":
    main()
