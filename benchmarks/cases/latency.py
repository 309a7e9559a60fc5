"""The latency of a small file in an idle system, with few rows in the table and with many."""

import random
import time
from collections import Counter
from collections.abc import Mapping

from benchmarks.bench import Bench
from benchmarks.ledger import Outcomes
from benchmarks.names import LATENCY, table_of
from benchmarks.system import System

_ROWS = 100
#: Time between two files: long enough for all work to end, and out of step with the services' timers.
_PAUSES_SECONDS = (0.3, 1.5)


def measure_latency(bench: Bench, system: System, *, table: range, births: Mapping[str, int]) -> None:
    """Drop files with new people, one after the other, each into an idle system."""
    rng = random.Random(bench.options.seed)
    total = Counter(births)
    for number in range(bench.options.latency_samples):
        first = table.stop + number * _ROWS
        people = bench.files.people(range(first, first + _ROWS))
        total.update(people.births)
        time.sleep(rng.uniform(*_PAUSES_SECONDS))
        sample = system.load(people, births=total, becoming=Outcomes(inserted=_ROWS))
        bench.results.add(sample, case=LATENCY, subject=table_of(len(table)), rows=_ROWS)
