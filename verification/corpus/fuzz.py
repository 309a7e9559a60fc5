"""Reads mutated files: python -m verification.corpus.fuzz [--seconds N] [--first SEED] | --seed SEED."""

import argparse
import faulthandler
import io
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from shared.model.datasets import NOTHING_FIXED
from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.detector import make_plan
from shared.reading.line_account import LineAccount
from shared.reading.table_rows import rows_of
from verification.corpus.accounts import faults_of
from verification.corpus.corpus import corpus
from verification.corpus.mutations import mutated

_SECONDS_OF_A_FILE = 10.0
_MEMORY_BYTES = 1 << 30
_MAX_BYTES = 20_000


class Hang(Exception):
    """A file takes too long."""


class Wrong(Exception):
    """The account of a file is wrong."""


def main() -> int:
    """Run for a time, or repeat one seed; return 1 if anything was wrong."""
    options = _options()
    _bound_memory()
    contents = contents_of_corpus()
    if options.seed is not None:
        print(f"seed {options.seed}: {try_seed(contents, options.seed)}")
        return 0
    outcomes, wrong = _run(contents, options.first, options.seconds)
    for outcome, count in outcomes.most_common():
        print(f"{count:9,} {outcome}")
    print(f"{outcomes.total():,} files, {wrong} wrong")
    return 1 if wrong else 0


def contents_of_corpus() -> list[bytes]:
    """Return the files to mutate."""
    return [case.content for case in corpus() if len(case.content) <= _MAX_BYTES]


def try_seed(contents: list[bytes], seed: int) -> str:
    """Read the file of a seed; return the result, or raise an error if it is wrong."""
    content = mutated(contents, seed)
    with _watched():
        try:
            return _read(content)
        except FileRefused as error:
            return error.code


def _read(content: bytes) -> str:
    file = io.BytesIO(content)
    plan = make_plan(file, NOTHING_FIXED)
    table = plan.open(file)
    "".join(table.header).encode()
    found = list(rows_of(table))
    for each in found:
        (each.raw if isinstance(each, UnreadableRow) else "".join(each[1])).encode()
    rejects = sum(isinstance(each, UnreadableRow) for each in found)
    account = LineAccount.of(table, rows=len(found) - rejects, rejects=rejects)
    if faults := faults_of(content, plan, found, account):
        raise Wrong(f"{plan}: {'; '.join(faults[:5])}")
    return "read"


def _run(contents: list[bytes], first: int, seconds: float) -> tuple[Counter[str], int]:
    end, seed, wrong = time.monotonic() + seconds, first, 0
    outcomes: Counter[str] = Counter()
    while time.monotonic() < end:
        try:
            outcomes[try_seed(contents, seed)] += 1
        except Exception as error:
            wrong += 1
            outcomes[f"WRONG {type(error).__name__}"] += 1
            print(f"WRONG: seed {seed}; again: python -m verification.corpus.fuzz --seed {seed}")
            traceback.print_exc(file=sys.stdout)
        seed += 1
    return outcomes, wrong


@contextmanager
def _watched() -> Iterator[None]:
    # The second alarm ends the process, with a traceback, if the first one is not handled.
    signal.signal(signal.SIGALRM, _hang)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS_OF_A_FILE)
    faulthandler.dump_traceback_later(3 * _SECONDS_OF_A_FILE, exit=True)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()


def _hang(_: int, __: FrameType | None) -> None:
    raise Hang(f"the file takes more than {_SECONDS_OF_A_FILE} seconds")


def _bound_memory() -> None:
    """Limit the memory to this much more than the process has after its imports."""
    import pyarrow.parquet  # noqa: F401, PLC0415

    with open("/proc/self/statm") as file:  # noqa: PTH123
        taken_bytes = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken_bytes + _MEMORY_BYTES,) * 2)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, help="read the file of this seed again")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
