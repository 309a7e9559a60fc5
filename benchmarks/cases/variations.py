"""Variations: many small files, a small table, the number of writers, the number of rows, and embedded mode."""

from collections import Counter

from benchmarks.bench import Bench
from benchmarks.cases.latency import measure_latency
from benchmarks.cases.loading import load_places, measure_first_load
from benchmarks.ledger import Outcomes
from benchmarks.names import (
    EMBEDDED,
    FEW_ROWS,
    INFLOW,
    LARGER,
    SCALE,
    SMALL,
    WRITER_COUNTS,
    WRITERS,
    file_of,
    writers_of,
)
from benchmarks.starting import running_embedded, running_system

SMALL_FILE_ROWS = 100


def measure_small_files(bench: Bench) -> None:
    """Drop many small files together into empty tables."""
    count = bench.options.small_files
    files = [bench.files.people(rows) for rows in small_files(count)]
    births: Counter[str] = Counter()
    for file in files:
        births.update(file.births)
    rows = count * SMALL_FILE_ROWS
    with running_system(bench.servers, writers=bench.options.writers) as system:
        load_places(bench, system)
        bench.calm_down()
        sample = system.load(*files, births=births, becoming=Outcomes(inserted=rows), counts_bytes=True)
        bench.results.add(sample, case=SMALL, subject=INFLOW, rows=rows)


def small_files(count: int) -> list[range]:
    """Return the people in each small file."""
    return [range(first, first + SMALL_FILE_ROWS) for first in range(0, count * SMALL_FILE_ROWS, SMALL_FILE_ROWS)]


def measure_latency_with_few_rows(bench: Bench) -> None:
    """Drop small files into an idle system with a small table."""
    few = range(FEW_ROWS)
    people = bench.files.people(few)
    with running_system(bench.servers, writers=bench.options.writers) as system:
        load_places(bench, system)
        system.load(people, births=people.births, becoming=Outcomes(inserted=people.rows))
        measure_latency(bench, system, table=few, births=people.births)


def measure_writers(bench: Bench) -> None:
    """Load the large file with different numbers of writers."""
    for count in WRITER_COUNTS:
        with running_system(bench.servers, writers=count) as system:
            load_places(bench, system)
            rows = range(bench.options.rows)
            measure_first_load(bench, system, rows, case=WRITERS, subject=writers_of(count))


def measure_scale(bench: Bench) -> None:
    """Load the large file, and one that is ten times as large."""
    for rows in (bench.options.rows, bench.options.rows * LARGER):
        with running_system(bench.servers, writers=bench.options.writers) as system:
            load_places(bench, system)
            measure_first_load(bench, system, range(rows), case=SCALE, subject=file_of(rows))


def measure_embedded(bench: Bench) -> None:
    """Load the large file without servers."""
    with running_embedded() as system:
        load_places(bench, system)
        measure_first_load(
            bench, system, range(bench.options.rows), case=EMBEDDED, subject="SQLite, one process", counts_bytes=False
        )
