"""One large file: its first load, the same file again, and a new version with 1 % of the rows changed."""

from benchmarks.bench import Bench
from benchmarks.cases.latency import measure_latency
from benchmarks.files import DataFile, edited_rows
from benchmarks.ledger import Outcomes
from benchmarks.names import AGAIN, FIRST, INFLOW, SPREAD, TOGETHER
from benchmarks.starting import running_system
from benchmarks.system import System

#: One row in this number is changed.
_CHANGED = 100


def measure_loading(bench: Bench, *, with_latency: bool) -> None:
    """Load a file into empty tables, and run the requested cases on them; the first load is always measured."""
    rows, cases = bench.options.rows, bench.options.cases
    with running_system(bench.servers, writers=bench.options.writers) as system:
        load_places(bench, system)
        latest = measure_first_load(bench, system, range(rows), case=FIRST, subject=INFLOW)
        if "again" in cases:
            bench.calm_down()
            sample = system.load(latest, births=latest.births, becoming=Outcomes(unchanged=rows), counts_bytes=True)
            bench.results.add(sample, case=AGAIN, subject=INFLOW, rows=rows)
        if "changed" in cases:
            latest = _measure_editions(bench, system)
        if with_latency:
            measure_latency(bench, system, table=range(rows), births=latest.births)


def load_places(bench: Bench, system: System) -> None:
    """Load the places, without measuring; this also warms up every process."""
    places = bench.files.places()
    system.load(places, births={}, becoming=Outcomes(inserted=places.rows))


def measure_first_load(
    bench: Bench, system: System, rows: range, *, case: str, subject: str, counts_bytes: bool = True
) -> DataFile:
    """Load new people, and return their file."""
    people = bench.files.people(rows)
    bench.calm_down()
    sample = system.load(
        people, births=people.births, becoming=Outcomes(inserted=people.rows), counts_bytes=counts_bytes
    )
    bench.results.add(sample, case=case, subject=subject, rows=people.rows)
    return people


def _measure_editions(bench: Bench, system: System) -> DataFile:
    """Change rows spread over the file, then consecutive rows in its middle; return the last version."""
    rows = bench.options.rows
    spread = range(0, rows, _CHANGED)
    together = range(rows // 2, rows // 2 + len(spread))
    before: set[int] = set()
    people = bench.files.people(range(rows))
    for case, edits in ((SPREAD, (spread,)), (TOGETHER, (spread, together))):
        people = bench.files.people(range(rows), edits=edits)
        updated = len(edited_rows(edits) - before)
        bench.calm_down()
        becoming = Outcomes(updated=updated, unchanged=rows - updated)
        sample = system.load(people, births=people.births, becoming=becoming, counts_bytes=True)
        bench.results.add(sample, case=case, subject=INFLOW, rows=rows)
        before = edited_rows(edits)
    return people
