"""The rivals: alternatives to Inflow, on the same files, right after each run of Inflow."""

from benchmarks.bench import Bench
from benchmarks.cases.variations import small_files
from benchmarks.files import DataFile
from benchmarks.names import AGAIN, FIRST, SMALL
from benchmarks.rivals.catalog import FIRST_TIME, RESOLVED, SECOND_TIME, Rival
from benchmarks.rivals.running import measure_rival


def measure_rivals(bench: Bench) -> None:
    """Let each rival load the large file, or as much of it as is useful."""
    for rival in FIRST_TIME:
        measure_rival(bench, rival, _file_for(rival, bench), case=FIRST)
    if "again" in bench.options.cases:
        for rival in SECOND_TIME:
            _measure_again(bench, rival)
    if "small" in bench.options.cases:
        files = [bench.files.people(rows) for rows in small_files(bench.options.small_files)]
        measure_rival(bench, RESOLVED, *files, case=SMALL)


def _measure_again(bench: Bench, rival: Rival) -> None:
    first = bench.results.find(FIRST, rival.title)
    if first and first.limit_seconds:
        reason = f"its first load did not finish in {first.limit_seconds:g} s"
        bench.results.leave_out(case=AGAIN, subject=rival.title, reason=reason)
        return
    measure_rival(bench, rival, _file_for(rival, bench), case=AGAIN, again=True)


def _file_for(rival: Rival, bench: Bench) -> DataFile:
    most_rows = bench.options.rival_rows if rival.is_limited else rival.most_rows
    rows = bench.options.rows
    return bench.files.people(range(min(rows, most_rows or rows)))
