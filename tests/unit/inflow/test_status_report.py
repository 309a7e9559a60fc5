"""Reports on the ledger, as text and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from inflow.presentation import load_report, status_report
from shared.operations.loads import LoadReport
from shared.operations.status import Status
from shared.operations.unresolved_references import Waiting
from shared.storage.ledger.loads import Load
from shared.storage.ledger.service_processes import ServiceProcess
from shared.storage.ledger.waiting_files import WaitingFile

NOON = datetime(2024, 5, 17, 12, 0)  # noqa: DTZ001 - the ledger keeps UTC without a zone
FIVE_PAST = NOON + timedelta(minutes=5)
NONE_WAIT = Waiting()

LOADED = Load(
    load_id=7,
    token="",
    chunk_rows=None,
    chunk_bytes=None,
    file="people.csv",
    dataset="people",
    state="archived",
    reason=None,
    message=None,
    size_bytes=1000,
    modified_at=NOON,
    header=("given_name",),
    ignored_columns=("mayor", "größe"),
    read_as="csv, encoding utf-8",
    confidence_percent=99,
    fingerprint=None,
    first_pass_milliseconds=None,
    row_count=21,
    lines={"lines": 24, "continued": 0, "named": {"header": 1, "footer": 2}, "named_lines": []},
    rows_done=21,
    inserted=10,
    updated=5,
    unchanged=3,
    superseded=2,
    rejected=1,
    claimed_at=NOON,
    completed_at=NOON + timedelta(seconds=1.25),
    summarised_at=NOON,
)
REFUSED = replace(
    LOADED,
    load_id=8,
    file="animals.csv",
    dataset=None,
    state="refused",
    reason="no-dataset",
    message="the name 'animals.csv' matches no dataset",
    ignored_columns=(),
    read_as=None,
    confidence_percent=None,
    row_count=None,
    lines=None,
    rows_done=0,
    inserted=0,
    updated=0,
    unchanged=0,
    superseded=0,
    rejected=0,
    completed_at=None,
    summarised_at=None,
)
BLOCKED = WaitingFile(file="pipe", state="blocked", reason="not-a-regular-file", message="it is left alone", since=NOON)
WORKING = ServiceProcess(
    service="writer",
    host="one",
    process_id=7,
    version="0.1.0",
    started_at=NOON - timedelta(hours=3),
    seen_at=NOON + timedelta(minutes=5),
    waits_for=None,
    waits_since=None,
)


def status(
    *reports: LoadReport,
    files: tuple[WaitingFile, ...] = (),
    load_count: int | None = None,
    file_count: int | None = None,
    waiting: Mapping[int, Waiting] | None = None,
    services: tuple[ServiceProcess, ...] = (),
    held: Mapping[str, str] | None = None,
) -> Status:
    return Status(
        files=files,
        file_count=len(files) if file_count is None else file_count,
        loads=reports,
        load_count=len(reports) if load_count is None else load_count,
        waiting=waiting or {},
        services=services,
        held=held or {},
        taken_at=FIVE_PAST,
    )


def report(load: Load, *, healed: int = 0, waiting: Waiting = NONE_WAIT) -> LoadReport:
    return LoadReport(load=load, healed=healed, waiting=waiting)


def status_json(found: Status) -> dict[str, Any]:
    return dict(json.loads(status_report.as_json(found, found.files, found.loads)))


def loads_json(*reports: LoadReport) -> list[dict[str, Any]]:
    return list(json.loads(load_report.as_json(reports)))


def loads_text(*reports: LoadReport) -> str:
    return load_report.as_text(reports, FIVE_PAST)


def open_load(load_id: int, state: str, reason: str | None = None) -> Load:
    changes: dict[str, Any] = {"state": state, "row_count": None, "rows_done": 12, "completed_at": None}
    return replace(LOADED, load_id=load_id, file=f"{load_id}.csv", reason=reason, **changes)


def test_a_loaded_file_is_reported_with_its_accounts() -> None:
    [load] = loads_json(report(LOADED, waiting=Waiting(4, 2)))

    assert load == {
        "load_id": 7,
        "file": "people.csv",
        "dataset": "people",
        "state": "archived",
        "reason": None,
        "message": None,
        "rows_read": 21,
        "inserted": 10,
        "updated": 5,
        "unchanged": 3,
        "superseded": 2,
        "rejected": 1,
        "healed": 0,
        "open": 1,
        "waiting_rows": 4,
        "waiting_for": 2,
        "lines": {"lines": 24, "continued": 0, "named": {"header": 1, "footer": 2}, "named_lines": []},
        "ignored_columns": ["mayor", "größe"],
        "read_as": "csv, encoding utf-8",
        "confidence_percent": 99,
        "claimed_at": "2024-05-17T12:00:00Z",
        "completed_at": "2024-05-17T12:00:01.250000Z",
        "summarised": True,
        "first_pass_seconds": None,
        "seconds": 1.25,
    }


def test_the_status_has_the_files_that_wait_the_loads_and_the_references_that_wait() -> None:
    waiting = {7: Waiting(4, 2), 3: Waiting(5, 1)}
    found = status_json(status(report(LOADED), report(REFUSED), files=(BLOCKED,), waiting=waiting))

    assert found["inbox"] == [
        {
            "file": "pipe",
            "state": "blocked",
            "reason": "not-a-regular-file",
            "message": "it is left alone",
            "since": "2024-05-17T12:00:00Z",
        }
    ]
    assert [load["load_id"] for load in found["loads"]] == [7, 8]
    assert found["waiting_rows"] == 9


@pytest.mark.parametrize(
    ("service", "state"),
    [
        (WORKING, "working"),
        (replace(WORKING, waits_for="mysql:3306 refuses", waits_since=NOON), "waiting for 5 min: mysql:3306 refuses"),
        (replace(WORKING, seen_at=NOON + timedelta(minutes=2)), "silent for 3 min"),
    ],
)
def test_the_status_says_who_works_and_what_the_others_wait_for(service: ServiceProcess, state: str) -> None:
    """G10 Waiting explains itself."""
    lines = status_report.as_text(status(services=(service,))).splitlines()
    [found] = status_json(status(services=(service,)))["services"]

    assert lines[:2] == ["services:", f"  writer 0.1.0 on one (process 7), started 3 h ago: {state}"]
    assert found["state"] == state.split(maxsplit=1)[0]
    assert (found["waits_for"], found["started_at"]) == (service.waits_for, "2024-05-17T09:00:00Z")


def test_the_status_says_how_long_each_wait_takes() -> None:
    """G10 Waiting explains itself."""
    loads = (report(open_load(9, "reading")), report(LOADED))
    lines = status_report.as_text(status(*loads, files=(BLOCKED,), held={"people": "shire is missing"})).splitlines()

    assert lines[0] == "dataset people is held: shire is missing"
    assert "  pipe: blocked for 5 min (not-a-regular-file): it is left alone" in lines
    [being_read] = [line for line in lines if "9.csv" in line]
    [loaded] = [line for line in lines if "people.csv" in line]
    assert being_read.endswith("being-published  5 min")
    assert not loaded.endswith("min")


def test_of_a_file_that_is_still_read_the_rows_that_are_done_count_as_read() -> None:
    [load] = loads_json(report(open_load(9, "reading")))

    assert (load["rows_read"], load["seconds"], load["completed_at"]) == (12, None, None)


@pytest.mark.parametrize("state", ["claimed", "reading", "published", "complete"])
def test_a_load_that_is_not_done_has_a_reason_of_its_own_or_that_of_its_state(state: str) -> None:
    """G10 Waiting explains itself."""
    held_back, on_its_way = loads_json(report(open_load(9, state, "queue-full")), report(open_load(10, state)))

    assert held_back["reason"] == "queue-full"
    assert on_its_way["reason"] in {"waits-its-turn", "being-published", "with-the-writers", "being-archived"}
    assert on_its_way["reason"] in loads_text(report(open_load(10, state)))


def test_of_the_rejected_rows_it_says_how_many_are_healed_and_how_many_open() -> None:
    half_healed = report(replace(LOADED, rejected=5), healed=2)

    [load] = loads_json(half_healed)
    assert (load["rejected"], load["healed"], load["open"]) == (5, 2, 3)
    assert " ".join(loads_text(half_healed).splitlines()[1].split()).startswith(
        "7 people.csv people archived 21 10 5 3 2 5 2 3"
    )


def test_the_text_is_a_table_with_a_line_for_each_load() -> None:
    lines = loads_text(report(LOADED, waiting=Waiting(4, 2)), report(REFUSED)).splitlines()

    heading = "load file dataset state read inserted updated unchanged superseded rejected healed open waiting seconds"
    assert [" ".join(line.split()) for line in lines] == [
        f"{heading} reason age",
        "7 people.csv people archived 21 10 5 3 2 1 0 1 4 1.2",
        "8 animals.csv - refused 0 0 0 0 0 0 0 0 0 no-dataset",
    ]
    assert [line.index(cell) for line, cell in zip(lines, ("state", "archived", "refused"), strict=True)] == [28] * 3
    assert [line.index(cell) for line, cell in zip(lines, ("read ", "21 ", " 0 "), strict=True)] == [38, 40, 40]


def test_the_status_as_text_says_what_waits_and_why() -> None:
    found = status(report(LOADED), report(REFUSED), files=(BLOCKED,), waiting={7: Waiting(4, 2)})
    lines = status_report.as_text(found).splitlines()

    assert lines[:2] == ["inbox: 1 waiting", "  pipe: blocked for 5 min (not-a-regular-file): it is left alone"]
    assert lines[2] == "loads: 2"
    assert lines[-3:] == [
        "  load 8: the name 'animals.csv' matches no dataset",
        "  load 7: of 24 lines, 1 header, 2 footer",
        "load 7: 4 references wait for 2 rows that no file has stated yet",
    ]


def test_nothing_at_all_is_said_to_be_nothing() -> None:
    assert status_report.as_text(status()) == "inbox: 0 waiting\nloads: 0"
    assert loads_text() == "no loads yet"
    nothing = {"services": [], "held": {}, "inbox": [], "loads": [], "waiting_rows": 0, "broker": None}
    assert status_json(status()) == nothing
    assert loads_json() == []


def test_the_status_as_text_says_that_there_are_more_files_and_loads_than_it_shows() -> None:
    text = status_report.as_text(status(report(LOADED), load_count=99, files=(BLOCKED,), file_count=11))

    assert "loads: 99, these are open or recent" in text
    assert text.splitlines()[:3] == [
        "inbox: 11 waiting",
        "  pipe: blocked for 5 min (not-a-regular-file): it is left alone",
        "  … and 10 more",
    ]


def test_the_list_of_loads_leaves_none_out() -> None:
    many = [report(replace(LOADED, load_id=number)) for number in range(1, 100)]

    assert len(loads_text(*many).splitlines()) == 100
    assert len(loads_json(*many)) == 99
