"""The benchmark's own arithmetic: a figure that is computed wrongly is worse than none."""

import csv
import os
import socket
from collections import Counter
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from pkgutil import resolve_name

import pytest
from sqlalchemy import URL

from benchmarks.files import Files
from benchmarks.ledger import Entry, Outcomes, moments, timestamp
from benchmarks.names import AGAIN, FEW_ROWS, FIRST, INFLOW, LATENCY, SCALE, WRITERS, file_of, table_of, writers_of
from benchmarks.options import Options
from benchmarks.people import BLOCK_ROWS, TOWNS, places, write_people, write_places
from benchmarks.processes import Meter, file_system_of, server_process
from benchmarks.results import Measurement, Results
from benchmarks.rivals.catalog import DLT, FIRST_TIME, ORM, PANDAS, RESOLVED, SECOND_TIME, Rival
from benchmarks.rivals.job import Job
from benchmarks.rivals.load_data import statement
from benchmarks.rivals.tables import constants
from benchmarks.samples import Sample, Usage, spread
from benchmarks.steps import Clock, Step, Taken, label_of, steps_of
from benchmarks.tables import align, report
from benchmarks.targets import Target, targets
from shared.storage.schema.schema import build_schema
from tests.support.catalogs import default_catalog
from tests.support.eventually import eventually

ROWS = 2 * BLOCK_ROWS + 100


def written(folder: Path, rows: range, *, seed: int = 1, edited: range = range(0)) -> tuple[bytes, Counter[str]]:
    path = folder / "people.csv"
    births = write_people(path, rows, seed=seed, edited=edited)
    return path.read_bytes(), births


def people(content: bytes) -> list[list[str]]:
    return list(csv.reader(content.decode().splitlines()[1:]))


def country_of() -> dict[str, str]:
    return {place["city"]: place["country"] for place in places()}


def results(*measurements: tuple[str, str, int, float]) -> Results:
    """Collect one run of each: case, subject, rows, seconds."""
    collected = Results(lambda _line: None)
    for case, subject, rows, seconds in measurements:
        collected.add(Sample(seconds=seconds), case=case, subject=subject, rows=rows)
    return collected


def only(reached: list[Target], what: str) -> Target:
    [target] = [each for each in reached if what in each.what]
    return target


def verdict(target: Target) -> tuple[float, bool]:
    return round(target.value, 6), target.is_met


def test_no_two_people_have_the_same_key_and_their_places_exist(tmp_path: Path) -> None:
    found = people(written(tmp_path, range(ROWS))[0])

    assert len(found) == ROWS
    assert len({tuple(person[:3]) for person in found}) == ROWS
    assert {person[3] for person in found} <= set(TOWNS)


def test_any_stretch_of_the_people_is_the_same_in_every_file(tmp_path: Path) -> None:
    whole = people(written(tmp_path, range(ROWS))[0])

    stretch = people(written(tmp_path, range(BLOCK_ROWS - 10, BLOCK_ROWS + 10))[0])

    assert stretch == whole[BLOCK_ROWS - 10 : BLOCK_ROWS + 10]


def test_the_same_seed_gives_the_same_people_and_another_seed_others(tmp_path: Path) -> None:
    first = written(tmp_path, range(50), seed=7)

    assert written(tmp_path, range(50), seed=7) == first
    assert written(tmp_path, range(50), seed=8) != first


def test_people_come_in_no_order(tmp_path: Path) -> None:
    keys = [person[:3] for person in people(written(tmp_path, range(1000))[0])]

    ascending = sum(one < other for one, other in pairwise(keys))

    assert 400 < ascending < 600


def test_each_block_has_the_same_names_in_another_order_and_on_other_days(tmp_path: Path) -> None:
    near, far = (
        [tuple(person[:3]) for person in people(written(tmp_path, range(first, first + BLOCK_ROWS))[0])]
        for first in (0, 365 * BLOCK_ROWS)
    )

    names = [[key[:2] for key in block] for block in (near, far)]
    assert sorted(names[0]) == sorted(names[1])
    assert names[0] != names[1]
    assert not set(near) & set(far)


def test_births_are_counted_as_the_file_has_them(tmp_path: Path) -> None:
    content, births = written(tmp_path, range(ROWS), edited=range(0, ROWS, 7))

    countries = country_of()
    assert births == Counter(countries[person[3]] for person in people(content))


def test_an_edit_gives_its_rows_another_country_and_changes_nothing_else(tmp_path: Path) -> None:
    countries = country_of()
    before = people(written(tmp_path, range(1000))[0])
    edited = range(5, 1000, 100)

    after = people(written(tmp_path, range(1000), edited=edited)[0])

    assert [number for number in range(1000) if before[number] != after[number]] == list(edited)
    assert all(before[number][:3] == after[number][:3] for number in edited)
    assert all(countries[before[number][3]] != countries[after[number][3]] for number in edited)


def test_there_is_an_end_to_distinct_people(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no more than"):
        write_people(tmp_path / "people.csv", range(10**12, 10**12 + 1), seed=1)


def test_every_place_has_one_line(tmp_path: Path) -> None:
    path = tmp_path / "places.csv"

    count = write_places(path)

    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert rows == list(places())
    assert count == len(rows) == len({row["city"] for row in rows}) == len(TOWNS)


def test_a_file_is_written_once_and_each_edition_is_another_one(tmp_path: Path) -> None:
    files = Files(tmp_path, seed=1)
    plain = files.people(range(10))
    plain.path.write_text("not again")

    edition = files.people(range(10), edits=(range(0, 10, 5),))

    assert files.people(range(10)) is plain
    assert plain.path.read_text() == "not again"
    assert edition.path != plain.path
    assert edition.births != plain.births
    assert (edition.rows, edition.dataset) == (10, "people")


def test_a_spread_has_its_middle_its_ends_and_its_quartiles() -> None:
    found = spread([5.0, 1.0, 2.0, 4.0, 3.0])

    assert (found.lowest, found.lower_quartile, found.middle, found.upper_quartile, found.highest) == (1, 2, 3, 4, 5)


def test_a_single_number_is_a_spread_too() -> None:
    found = spread([2.0])

    assert {found.lowest, found.lower_quartile, found.middle, found.upper_quartile, found.highest} == {2.0}


def test_rows_per_second_are_those_of_the_middle_run() -> None:
    measurement = Measurement(
        case=FIRST, subject=INFLOW, rows=100, samples=[Sample(seconds=seconds) for seconds in (1.0, 4.0, 2.0)]
    )

    assert measurement.rows_per_second == 50


def usage(process: str, cpu_seconds: float, peak_mib: float | None = None) -> Usage:
    return Usage(process=process, cpu_seconds=cpu_seconds, peak_mib=peak_mib)


def test_a_process_has_its_middle_use_and_its_highest_peak() -> None:
    runs = [Sample(seconds=1, usages=(usage("writer 1", cpu, peak),)) for cpu, peak in ((1, 60), (3, 50), (2, None))]
    measurement = Measurement(case=FIRST, subject=INFLOW, rows=100, samples=runs)

    assert measurement.usages() == [usage("writer 1", 2, 60)]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (("watcher", "writer 1", "database", "broker"), 25),
        (("watcher", "writer 1", "database"), None),
        (("client", "database"), 50),
        (("client",), None),
        (("embedded",), 100),
    ],
)
def test_rows_per_cpu_second_are_known_where_every_process_was_seen(
    seen: tuple[str, ...], expected: float | None
) -> None:
    run = Sample(seconds=9, usages=tuple(usage(name, 1.0) for name in seen))
    measurement = Measurement(case=FIRST, subject=INFLOW, rows=100, samples=[run])

    assert measurement.rows_per_cpu_second == expected


def test_retries_are_counted_per_thousand_chunks_of_all_runs() -> None:
    runs = [Sample(seconds=1, chunks=200, retries=1), Sample(seconds=1, chunks=300, retries=2)]
    measurement = Measurement(case=WRITERS, subject=writers_of(2), rows=100, samples=runs)

    assert measurement.retries_per_thousand_chunks == 6


def test_runs_of_the_same_case_and_subject_are_one_measurement() -> None:
    collected = results((FIRST, INFLOW, 100, 1.0), (FIRST, INFLOW, 100, 3.0), (AGAIN, INFLOW, 100, 9.0))

    first = collected.find(FIRST, INFLOW)

    assert first is not None
    assert [sample.seconds for sample in first.samples] == [1.0, 3.0]
    assert collected.find(FIRST, "nobody") is None


def test_moments_are_those_of_the_last_load_and_left_out_where_a_load_has_none() -> None:
    names = ("claimed_at", "published_at", "completed_at", "archived_at", "summarised_at")
    instant = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC).replace(tzinfo=None)
    later = instant.replace(second=2)
    entries: list[Entry] = [dict.fromkeys(names, instant), {**dict.fromkeys(names, later), "published_at": None}]

    found = moments(entries, since=timestamp(instant) - 1)

    assert found == {"claimed": 3.0, "completed": 3.0, "archived": 3.0, "summarised": 3.0}


def test_outcomes_add_up_over_loads() -> None:
    one = {"inserted": 1, "updated": 2, "unchanged": 3, "superseded": 4, "rejected": 5}

    found = Outcomes.of([one, one])

    assert found == Outcomes(inserted=2, updated=4, unchanged=6, superseded=8, rejected=10)
    assert found.rows == 30


def test_a_target_compares_rows_per_second_whatever_the_rival_could_load() -> None:
    collected = results((FIRST, INFLOW, 1000, 10.0), (FIRST, RESOLVED.title, 1000, 8.0), (FIRST, ORM.title, 20, 5.0))

    found = targets(collected, rows=1000)

    assert verdict(only(found, RESOLVED.title)) == (0.8, False)
    assert verdict(only(found, ORM.title)) == (25, True)


def test_a_rival_that_did_not_finish_gives_a_lower_bound() -> None:
    collected = results((FIRST, INFLOW, 1000, 10.0))
    collected.add(Sample(seconds=20), case=FIRST, subject=DLT.title, rows=50, limit_seconds=20)

    target = only(targets(collected, rows=1000), DLT.title)

    assert target.is_lower_bound
    assert target.value == pytest.approx(40)
    assert "> 40.00×" in report(collected, rows=1000)
    assert "<2" in report(collected, rows=1000)


def test_editions_are_compared_with_the_first_load() -> None:
    found = targets(results((FIRST, INFLOW, 1000, 30.0), (AGAIN, INFLOW, 1000, 2.0)), rows=1000)

    assert list(map(verdict, found)) == [(15, True)]


def test_latency_has_a_bound_of_its_own_for_its_last_part_and_for_the_size_of_the_table() -> None:
    collected = results()
    for rows, seconds in ((1000, 0.24), (FEW_ROWS, 0.1)):
        sample = Sample(seconds=seconds, moments={"claimed": 0.0, "published": 0.0, "completed": seconds - 0.06})
        collected.add(sample, case=LATENCY, subject=table_of(rows), rows=100)

    whole, last_part, growth = targets(collected, rows=1000)

    assert verdict(whole) == (240, True)
    assert verdict(last_part) == (60, False)
    assert verdict(growth) == (2.4, False)


def test_more_writers_are_compared_with_fewer() -> None:
    runs = [(WRITERS, writers_of(count), 1000, seconds) for count, seconds in ((1, 10.0), (2, 8.0), (4, 16.0))]

    found = targets(results(*runs), rows=1000)

    assert list(map(verdict, found)) == [(1.25, True), (0.5, False)]


def test_memory_is_compared_for_our_processes_alone() -> None:
    collected = results()
    for rows, peak in ((1000, 100.0), (10_000, 160.0)):
        usages = (usage("writer 1", 1, peak), usage("database", 1, 9000))
        collected.add(Sample(seconds=rows / 100, usages=usages), case=SCALE, subject=file_of(rows), rows=rows)

    growth, peak_target, same = targets(collected, rows=1000)

    assert verdict(growth) == (10, True)
    assert verdict(peak_target) == (160, False)
    assert verdict(same) == (1.6, False)


def test_figures_are_under_each_other_and_words_begin_together() -> None:
    table = align([["what", "rows"], ["a", "1,000"], ["longer", "7"]])

    assert table.splitlines() == ["what     rows", "a       1,000", "longer      7"]


def test_the_report_names_what_was_not_run_and_why() -> None:
    collected = results((FIRST, INFLOW, 10, 1.0))
    collected.leave_out(case=FIRST, subject=PANDAS.title, reason="no such module")
    collected.leave_out(case=FIRST, subject=PANDAS.title, reason="no such module")
    collected.warn("the machine was busy")

    text = report(collected, rows=10)

    assert text.count("no such module") == 1
    assert "the machine was busy" in text


def test_what_fails_is_told_apart_from_what_could_not_run() -> None:
    left_out, failed = results(), results()

    left_out.leave_out(case=FIRST, subject=PANDAS.title, reason="no such module")
    failed.fail(case=AGAIN, subject=INFLOW, reason="the summary is wrong")

    assert (left_out.has_failed, failed.has_failed) == (False, True)
    assert "FAILED: the summary is wrong" in report(failed, rows=10)


@pytest.mark.parametrize("arguments", [["--cases", "first,second"], ["--rows", "0"], ["--rows", "many"]])
def test_what_makes_no_sense_ends_the_program(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        Options.parse(arguments)

    assert ended.value.code == 2
    assert "error" in capsys.readouterr().err


def test_all_cases_run_unless_some_are_named() -> None:
    assert {"first", "rivals", "profile"} <= Options.parse([]).cases
    assert Options.parse(["--cases", "small,first"]).cases == {"first", "small"}


@pytest.mark.parametrize(
    ("sql", "label"),
    [
        ("INSERT INTO `people` (`city`) SELECT j.c1 FROM JSON_TABLE(…) AS j", "insert people"),
        ("SELECT j.line FROM JSON_TABLE(…) AS j STRAIGHT_JOIN `people` AS t FORCE INDEX (PRIMARY)", "select people"),
        ("UPDATE inflow_loads SET rows_done=(inflow_loads.rows_done + 1)", "update inflow_loads"),
        ("SELECT 1", "select"),
    ],
)
def test_a_statement_is_named_by_its_verb_and_its_table(sql: str, label: str) -> None:
    assert label_of(sql, ["inflow_loads", "people", "places"]) == label


def test_what_a_step_counts_is_in_no_other_one() -> None:
    clock = Clock()
    clock.taken.update({
        Step.READ: Taken(1.0, 1.0),
        Step.ENCODE: Taken(2.0, 2.0),
        Step.ENCODE_AND_PUBLISH: Taken(5.0, 3.0),
        Step.DECODE: Taken(1.0, 1.0),
        Step.TYPE: Taken(2.0, 2.0),
        Step.HANDLE: Taken(20.0, 8.0),
        "SQL: insert people": Taken(9.0, 1.0),
        "SQL: select people": Taken(3.0, 1.0),
        Step.COMMIT: Taken(1.0, 0.0),
    })  # fmt: skip
    clock.server_cpu_seconds["database"] = 11.0

    found = {step.name: step for step in steps_of(clock, rows=1000)}

    assert found["publish and wait for the confirm"].seconds == 3.0
    assert found["decide, and what else the writer does in Python"].seconds == 4.0
    assert found["SQL"].seconds == 12.0
    assert sum(step.seconds for step in found.values() if not step.is_part) == 1 + 5 + 20
    assert found["meanwhile, in the database's process"].cpu_seconds == 11.0
    assert found[Step.READ].microseconds_per_row == 1000


def test_a_meter_sees_what_this_process_uses() -> None:
    meter = Meter({"tests": os.getpid()})

    eventually(lambda: sum(range(10**6)) and meter.usages()[0].cpu_seconds > 0)

    [used] = meter.usages()
    assert used.process == "tests"
    assert used.peak_mib is None or used.peak_mib > 10


def test_the_process_behind_a_port_is_found_where_it_is_on_this_machine() -> None:
    me = Path("/proc/self/comm").read_text().strip()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        assert server_process("127.0.0.1", port, programs=(me,)) == os.getpid()
        assert server_process("127.0.0.1", port, programs=("mysqld",)) is None
        assert server_process("db.example.org", port, programs=(me,)) is None


def test_the_file_system_of_a_path_is_that_of_its_nearest_mount() -> None:
    assert file_system_of("/proc/self/status", os.getpid()) == "proc"
    assert file_system_of("/proc/self/status", os.getpid()) != file_system_of("/", os.getpid())


def job() -> Job:
    table = build_schema(default_catalog(), "mysql").datasets["people"]
    return Job(url=URL.create("mysql"), files=[], table=table, constants=constants(table))


def test_load_data_fills_every_column_of_the_table() -> None:
    sql = statement(Path("/p.csv"), job())

    assert sql.endswith(
        "(given_name, family_name, date_of_birth, place_of_birth)"
        " SET _asserted_load = 1, _asserted_line = 1, _changed_load = 1, _changed_line = 1"
    )
    assert " REPLACE INTO TABLE people " in statement(Path("/p.csv"), job(), replaces=True)


def test_load_data_looks_the_reference_up_in_its_table() -> None:
    sql = statement(Path("/p.csv"), job(), looks_up=True)

    assert "(given_name, family_name, date_of_birth, @reference)" in sql
    assert "place_of_birth = (SELECT city FROM places WHERE city = @reference)" in sql


@pytest.mark.parametrize(
    "rival",
    [rival for rival in dict.fromkeys([*FIRST_TIME, *SECOND_TIME]) if rival not in (PANDAS, DLT)],
    ids=lambda rival: rival.name,
)
def test_every_rival_can_be_prepared(rival: Rival) -> None:
    assert callable(resolve_name(rival.prepare)(job()))
