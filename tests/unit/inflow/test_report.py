"""Reports on the ledger, as text and as JSON."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from inflow.report import Snapshot, as_json, as_text, loads_as_json, loads_as_text
from shared.operations.unresolved_references import Waiting
from shared.storage.ledger.loads import Load
from shared.storage.ledger.service_processes import ServiceProcess
from shared.storage.ledger.waiting_files import WaitingFile

NOON = datetime(2024, 5, 17, 12, 0)  # noqa: DTZ001 - the ledger keeps UTC without a zone

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
    message="the name 'animals.csv' fits no dataset",
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


def snapshot(
    *loads: Load,
    files: tuple[WaitingFile, ...] = (),
    waiting: Mapping[int, Waiting] | None = None,
    healed: Mapping[int, int] | None = None,
    services: tuple[ServiceProcess, ...] = (),
    held: Mapping[str, str] | None = None,
) -> Snapshot:
    return Snapshot(
        files=files,
        loads=loads,
        waiting=waiting or {},
        healed=healed or {},
        services=services,
        held=held or {},
        taken_at=NOON + timedelta(minutes=5),
    )


def open_load(load_id: int, state: str, reason: str | None = None) -> Load:
    changes: dict[str, Any] = {"state": state, "row_count": None, "rows_done": 12, "completed_at": None}
    return replace(LOADED, load_id=load_id, file=f"{load_id}.csv", reason=reason, **changes)


def test_a_loaded_file_is_reported_with_its_accounts() -> None:
    [load] = json.loads(loads_as_json(snapshot(LOADED, waiting={7: Waiting(4, 2)})))

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
    status = json.loads(as_json(snapshot(LOADED, REFUSED, files=(BLOCKED,), waiting=waiting)))

    assert status["inbox"] == [
        {
            "file": "pipe",
            "state": "blocked",
            "reason": "not-a-regular-file",
            "message": "it is left alone",
            "since": "2024-05-17T12:00:00Z",
        }
    ]
    assert [load["load_id"] for load in status["loads"]] == [7, 8]
    assert status["waiting_rows"] == 9


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
    lines = as_text(snapshot(services=(service,))).splitlines()
    [found] = json.loads(as_json(snapshot(services=(service,))))["services"]

    assert lines[:2] == ["services:", f"  writer 0.1.0 on one (process 7), started 3 h ago: {state}"]
    assert found["state"] == state.split(maxsplit=1)[0]
    assert (found["waits_for"], found["started_at"]) == (service.waits_for, "2024-05-17T09:00:00Z")


def test_the_status_says_how_long_each_wait_takes() -> None:
    """G10 Waiting explains itself."""
    text = as_text(snapshot(open_load(9, "reading"), LOADED, files=(BLOCKED,), held={"people": "shire is missing"}))
    lines = text.splitlines()

    assert lines[0] == "dataset people is held: shire is missing"
    assert "  pipe: blocked for 5 min (not-a-regular-file): it is left alone" in lines
    [being_read] = [line for line in lines if "9.csv" in line]
    [loaded] = [line for line in lines if "people.csv" in line]
    assert being_read.endswith("being-published  5 min")
    assert not loaded.endswith("min")


def test_of_a_file_that_is_still_read_the_rows_that_are_done_count_as_read() -> None:
    [load] = json.loads(loads_as_json(snapshot(open_load(9, "reading"))))

    assert (load["rows_read"], load["seconds"], load["completed_at"]) == (12, None, None)


@pytest.mark.parametrize("state", ["claimed", "reading", "published", "complete"])
def test_a_load_that_is_not_done_has_a_reason_of_its_own_or_that_of_its_state(state: str) -> None:
    """G10 Waiting explains itself."""
    held_back, on_its_way = json.loads(loads_as_json(snapshot(open_load(9, state, "queue-full"), open_load(10, state))))

    assert held_back["reason"] == "queue-full"
    assert on_its_way["reason"] in {"waits-its-turn", "being-published", "with-the-writers", "being-archived"}
    assert on_its_way["reason"] in loads_as_text(snapshot(open_load(10, state)))


def test_of_the_rejected_rows_it_says_how_many_are_healed_and_how_many_open() -> None:
    report = snapshot(replace(LOADED, rejected=5), healed={7: 2})

    [load] = json.loads(loads_as_json(report))
    assert (load["rejected"], load["healed"], load["open"]) == (5, 2, 3)
    assert " ".join(loads_as_text(report).splitlines()[1].split()).startswith(
        "7 people.csv people archived 21 10 5 3 2 5 2 3"
    )


def test_the_text_is_a_table_with_a_line_for_each_load() -> None:
    lines = loads_as_text(snapshot(LOADED, REFUSED, waiting={7: Waiting(4, 2)})).splitlines()

    heading = "load file dataset state read inserted updated unchanged superseded rejected healed open waiting seconds"
    assert [" ".join(line.split()) for line in lines] == [
        f"{heading} reason age",
        "7 people.csv people archived 21 10 5 3 2 1 0 1 4 1.2",
        "8 animals.csv - refused 0 0 0 0 0 0 0 0 0 no-dataset",
    ]
    assert [line.index(cell) for line, cell in zip(lines, ("state", "archived", "refused"), strict=True)] == [28] * 3
    assert [line.index(cell) for line, cell in zip(lines, ("read ", "21 ", " 0 "), strict=True)] == [38, 40, 40]


def test_the_status_as_text_says_what_waits_and_why() -> None:
    lines = as_text(snapshot(LOADED, REFUSED, files=(BLOCKED,), waiting={7: Waiting(4, 2)})).splitlines()

    assert lines[:2] == ["inbox: 1 waiting", "  pipe: blocked for 5 min (not-a-regular-file): it is left alone"]
    assert lines[2] == "loads: 2"
    assert lines[-3:] == [
        "  load 8: the name 'animals.csv' fits no dataset",
        "  load 7: of 24 lines, 1 header, 2 footer",
        "load 7: 4 references wait for 2 rows that no file has stated yet",
    ]


def test_nothing_at_all_is_said_to_be_nothing() -> None:
    assert as_text(snapshot()) == "inbox: 0 waiting\nloads: 0"
    assert loads_as_text(snapshot()) == "no loads yet"
    nothing = {"services": [], "held": {}, "inbox": [], "loads": [], "waiting_rows": 0, "broker": None}
    assert json.loads(as_json(snapshot())) == nothing
    assert json.loads(loads_as_json(snapshot())) == []


def test_of_many_the_status_as_text_shows_the_last_and_those_that_are_open() -> None:
    """G10 Waiting explains itself: not less because of what was loaded since."""
    done = [replace(LOADED, load_id=number) for number in range(2, 100)]
    files = tuple(replace(BLOCKED, file=f"pipe{number}") for number in range(40))
    text = as_text(snapshot(open_load(1, "published", "queue-full"), *done, files=files))

    shown = [line.split()[0] for line in text.splitlines() if "archived" in line or "published" in line]
    assert shown == ["1", *(str(number) for number in range(70, 100))]
    assert "loads: 99, these are open or recent" in text
    assert "  … and 10 more" in text
    assert text.count("not-a-regular-file") == 30


def test_the_list_of_loads_leaves_none_out() -> None:
    many = snapshot(*(replace(LOADED, load_id=number) for number in range(1, 100)))

    assert len(loads_as_text(many).splitlines()) == 100
    assert len(json.loads(as_json(many))["loads"]) == 99
