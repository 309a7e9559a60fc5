"""A whole pipeline in one process, through the command: from dropped files to the summary, and through every end."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.births import Births, births
from tests.support.command import Inflow
from tests.support.eventually import MAX_WAIT_SECONDS, eventually
from tests.support.formats import zipped
from tests.support.missing import missing
from tests.support.oracle import expected_summary
from tests.support.pipeline import AT_ONCE, Pipeline
from tests.support.plants import Plant, assert_untouched, make_secret, planted

#: Permission bits hold for root, too, once these are gone.
POWERS = "-dac_override,-dac_read_search,-fowner"


@pytest.fixture
def inflow(tmp_path: Path) -> Inflow:
    return Inflow(tmp_path)


@pytest.fixture
def family() -> Births:
    return births("Stone", people=1000)


@pytest.fixture
def powerless() -> list[str]:
    """Return the prefix of a command that must not bypass permissions."""
    if os.geteuid() != 0:
        return []
    prefix = ["setpriv", "--bounding-set", POWERS, "--inh-caps", POWERS]
    if subprocess.run([*prefix, "true"], check=False).returncode != 0:
        missing("root can't give its powers away here (setpriv)")
    return prefix


@pytest.fixture
def mounting() -> list[str]:
    """Return the prefix of a command for which a separate file system, with a file in it, is mounted on the inbox."""
    script = 'mount -t tmpfs none data/inbox; printf "city\\n" >data/inbox/places.csv; exec "$@"'
    if subprocess.run(["unshare", "--mount", "sh", "-c", "mount -t tmpfs none /mnt"], check=False).returncode != 0:
        missing("no mount of one's own can be made here (unshare --mount)")
    return ["unshare", "--mount", "sh", "-euc", script, "sh"]


def as_json(counts: Counter[str]) -> bytes:
    """The summary that is right for these counts, byte for byte."""
    ordered = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
    return json.dumps(ordered, ensure_ascii=False, separators=(",", ":")).encode()


def accounts(load: dict[str, Any]) -> dict[str, int]:
    names = ("rows_read", "inserted", "updated", "unchanged", "superseded", "rejected")
    return {name: load[name] for name in names if load[name]}


def rows(inflow: Inflow, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(inflow.data / "inflow.db")) as database:
        return database.execute(query).fetchall()


@pytest.mark.parametrize("first", ["people", "places", "together"])
def test_people_and_places_in_any_order_give_the_right_summary(inflow: Inflow, family: Births, first: str) -> None:
    """G3 Order of arrival does not matter."""
    contents = {"people.csv": family.people_csv, "places.csv": family.places_csv}
    names = sorted(contents, reverse=first == "places")
    for name in names:
        inflow.drop(name, contents[name])
        if first != "together":
            assert inflow.run().returncode == 0
    if first == "together":
        assert inflow.run().returncode == 0

    assert inflow.summary() == as_json(family.by_country)
    loads = inflow.loads()
    assert accounts(loads["people.csv"]) == {"rows_read": 1000, "inserted": 1000}
    assert accounts(loads["places.csv"]) == {"rows_read": 7, "inserted": 7}
    assert {(load["state"], load["reason"], load["summarised"]) for load in loads.values()} == {
        ("archived", None, True)
    }
    assert (
        os.listdir(inflow.data / "processing") == os.listdir(inflow.inbox) == os.listdir(inflow.data / "rejected") == []
    )
    assert {name.split(".")[0] for name in os.listdir(inflow.data / "archive")} == {"people", "places"}


def test_people_without_places_wait_and_the_report_says_so(inflow: Inflow, family: Births) -> None:
    inflow.drop("people.csv", family.people_csv)

    assert inflow.run().returncode == 0
    assert inflow.summary() == b"{}"
    status = inflow.status()
    assert (status["waiting_rows"], status["loads"][0]["waiting_rows"], status["loads"][0]["waiting_for"]) == (
        1000,
        1000,
        7,
    )
    assert "load 1: 1000 references wait for 7 rows" in inflow("status", "--data", "data").stdout


def test_the_same_files_dropped_again_change_nothing(inflow: Inflow, family: Births) -> None:
    """G6: the summary does not change a byte, nor its time of last change, when nothing changed."""
    summaries = []
    for _ in range(2):
        inflow.drop("people.csv", family.people_csv)
        inflow.drop("places.csv", family.places_csv)
        assert inflow.run().returncode == 0
        summaries.append((inflow.summary(), (inflow.data / "summary_output.json").stat().st_mtime_ns))

    assert summaries[0] == summaries[1]
    assert accounts(inflow.loads()["people.csv"]) == {"rows_read": 1000, "unchanged": 1000}
    assert accounts(inflow.loads()["places.csv"]) == {"rows_read": 7, "unchanged": 7}


def test_one_line_edited_changes_only_that_line_and_the_summary_follows(inflow: Inflow, family: Births) -> None:
    inflow.drop("people.csv", family.people_csv)
    inflow.drop("places.csv", family.places_csv)
    inflow.run()
    changed_before = rows(inflow, "SELECT given_name FROM people WHERE _changed_load > 2")
    edited = family.people_csv.replace("1,Stone,1837-01-02,Kelso of Stone", "1,Stone,1837-01-02,Coleraine of Stone", 1)
    assert edited != family.people_csv
    inflow.drop("people.csv", edited)
    assert inflow.run().returncode == 0

    assert changed_before == []
    assert accounts(inflow.loads()["people.csv"]) == {"rows_read": 1000, "unchanged": 999, "updated": 1}
    assert rows(inflow, "SELECT given_name, _changed_line FROM people WHERE _changed_load = 3") == [("Given 1", 3)]
    assert inflow.summary() == as_json(family.by_country + Counter({"Northern Ireland": 1}) - Counter({"Scotland": 1}))


def test_the_generators_sample_is_counted_as_an_independent_reading_of_it(inflow: Inflow) -> None:
    assert inflow("sample", "--rows", "3000", "--seed", "7", "--out", "data/inbox").returncode == 0
    expected = expected_summary(inflow.inbox)

    assert inflow.run().returncode == 0
    assert list(json.loads(inflow.summary()).items()) == list(expected.items())
    people = inflow.loads()["people.csv"]
    assert accounts(people) == {"rows_read": 3000, "inserted": 2995, "superseded": 1, "rejected": 4}
    assert people["waiting_rows"] == 3


def test_a_refused_file_ends_the_run_with_1_and_the_others_are_loaded(inflow: Inflow, family: Births) -> None:
    inflow.drop("animals.csv", "a\n1\n")
    inflow.drop("people.csv", family.people_csv)

    finished = inflow.run()
    assert finished.returncode == 1
    assert "matches no dataset" in finished.stderr
    assert inflow.loads()["animals.csv"]["reason"] == "no-dataset"
    assert inflow.loads()["people.csv"]["state"] == "archived"
    assert inflow.run().returncode == 0, "it was said once"


def test_an_office_file_without_a_table_is_refused_at_once(inflow: Inflow) -> None:
    """It was mistaken for a disk error, and retried forever."""
    for name, part in (("people.xlsb", "xl/workbook.bin"), ("people.docx", "word/document.xml")):
        (inflow.data / "inbox").mkdir(parents=True, exist_ok=True)
        (inflow.data / "inbox" / name).write_bytes(zipped({"[Content_Types].xml": b"<Types/>", part: b"x"}))

    finished = inflow.run()

    assert finished.returncode == 1
    assert {load["reason"] for load in inflow.loads().values()} == {"format-error"}
    assert "the file is a binary workbook (.xlsb)" in finished.stderr


def test_a_file_that_a_killed_run_had_claimed_and_a_new_one_refuses_ends_with_1(inflow: Inflow) -> None:
    inflow.run()
    (inflow.data / "processing" / "0000000001.-.9r9999b.animals.csv").write_text("a\n1\n")
    with closing(sqlite3.connect(inflow.data / "inflow.db")) as database, database:
        database.execute(
            "INSERT INTO inflow_loads (load_id, file, state, size_bytes, claimed_at)"
            " VALUES (1, 'animals.csv', 'claimed', 4, '2024-01-01 00:00:00')"
        )

    assert inflow.run().returncode == 1


def test_a_run_does_not_end_before_what_waits_for_an_older_file_is_loaded(inflow: Inflow) -> None:
    rows = "given_name,family_name,date_of_birth,place_of_birth\nAda,Stone,1900-01-01,Weir\n"
    inflow.drop("people-2.csv", rows)
    older = inflow.drop("people-1.csv", rows)
    os.utime(older, (1, 1))
    with inflow.running("--until-idle") as process:
        with older.open("a"):
            eventually(lambda: "waits-for-older" in [file["reason"] for file in inflow.status()["inbox"]])
        assert process.wait(MAX_WAIT_SECONDS) == 0

    assert {file: load["load_id"] for file, load in inflow.loads().items()} == {"people-1.csv": 1, "people-2.csv": 2}


@pytest.mark.parametrize("name", [".run.lock", "inflow.db"])
@planted
def test_a_run_does_not_write_through_a_link(inflow: Inflow, name: str, plant: Plant) -> None:
    secret = make_secret(inflow.root)
    plant(inflow.data / name, secret)

    finished = inflow.run()
    assert finished.returncode == 2
    assert f"data/{name} is " in finished.stderr
    assert_untouched(secret)


def test_a_special_file_ends_the_run_with_1_and_is_named(inflow: Inflow, family: Births) -> None:
    """G10 Waiting explains itself."""
    (inflow.inbox / "places.csv").symlink_to("/etc/passwd")
    os.mkfifo(inflow.inbox / "people-2.csv")
    inflow.drop("people.csv", family.people_csv)

    finished = inflow.run()
    assert finished.returncode == 1
    for name in ("places.csv", "people-2.csv"):
        assert f"{name}: only regular files are loaded" in finished.stderr
    status = inflow.status()
    assert {(file["file"], file["state"], file["reason"]) for file in status["inbox"]} == {
        ("places.csv", "blocked", "not-a-regular-file"),
        ("people-2.csv", "blocked", "not-a-regular-file"),
    }
    assert status["loads"][0]["state"] == "archived"


def test_what_permissions_forbid_waits_for_the_operator_and_blocks_no_others(
    inflow: Inflow, family: Births, powerless: list[str]
) -> None:
    """G10 Waiting explains itself."""
    inflow.drop("places.csv", family.places_csv).chmod(0o000)
    for folder, mode in (("places", 0o555), ("people", 0o000), ("closed", 0o666)):
        (inflow.inbox / folder).mkdir()
        (inflow.inbox / folder / "x.csv").write_text("city,county,country\nWeir,,Land\n")
        (inflow.inbox / folder).chmod(mode)
    inflow.drop("people.csv", family.people_csv)

    finished = inflow.run(prefix=powerless)
    status = inflow.status()
    for folder in ("places", "people", "closed"):
        (inflow.inbox / folder).chmod(0o755)
    assert finished.returncode == 1, finished.stderr
    assert {(file["file"], file["state"], file["reason"]) for file in status["inbox"]} == {
        ("places.csv", "blocked", "not-permitted"),
        ("places/x.csv", "blocked", "not-permitted"),
        ("people/", "blocked", "not-permitted"),
        ("closed/", "blocked", "not-permitted"),
    }
    assert all(file["file"] in finished.stderr for file in status["inbox"])
    assert "Traceback" not in finished.stderr
    assert [load["state"] for load in status["loads"]] == ["archived"]

    (inflow.inbox / "places.csv").chmod(0o644)
    (inflow.inbox / "people" / "x.csv").unlink()
    (inflow.inbox / "closed" / "x.csv").unlink()
    assert inflow.run(prefix=powerless).returncode == 0
    assert inflow.summary() == as_json(family.by_country)


def test_an_inbox_that_may_not_be_read_waits_for_the_operator(inflow: Inflow, powerless: list[str]) -> None:
    inflow.inbox.chmod(0o000)
    finished = inflow.run(prefix=powerless)
    inflow.inbox.chmod(0o755)

    assert finished.returncode == 1
    assert [(file["file"], file["reason"]) for file in inflow.status()["inbox"]] == [("./", "not-permitted")]


def test_a_file_of_another_user_in_processing_waits_for_the_operator(
    inflow: Inflow, family: Births, powerless: list[str]
) -> None:
    inflow.run()
    claimed = inflow.data / "processing" / "0000000001.0123456789abcdef.places.9r9999b.places.csv"
    claimed.write_text(family.places_csv)
    claimed.chmod(0o000)
    inflow.drop("people.csv", family.people_csv)

    finished = inflow.run(prefix=powerless)
    assert finished.returncode == 1
    assert "load 1 can't be finished" in finished.stderr
    assert finished.stderr.count("file can't be read") == 1
    loads = inflow.loads()
    assert (loads["places.csv"]["state"], loads["places.csv"]["reason"]) == ("claimed", "unreadable")
    assert loads["people.csv"]["state"] == "archived"
    claimed.chmod(0o644)
    assert inflow.run(prefix=powerless).returncode == 0
    assert inflow.summary() == as_json(family.by_country)


def test_an_archive_that_may_not_be_written_waits_for_the_operator(
    inflow: Inflow, family: Births, powerless: list[str]
) -> None:
    inflow.run()
    (inflow.data / "archive").chmod(0o555)
    inflow.drop("people.csv", family.people_csv)
    inflow.drop("places.csv", family.places_csv)

    finished = inflow.run(prefix=powerless)
    (inflow.data / "archive").chmod(0o755)
    assert finished.returncode == 1
    assert inflow.summary() == as_json(family.by_country)
    assert {load["reason"] for load in inflow.loads().values()} == {"not-moved"}
    assert inflow.run(prefix=powerless).returncode == 0
    assert len(os.listdir(inflow.data / "archive")) == 2
    assert {(load["state"], load["reason"]) for load in inflow.loads().values()} == {("archived", None)}


def test_an_inbox_on_another_mount_waits_for_the_operator(inflow: Inflow, mounting: list[str]) -> None:
    """G10 Waiting explains itself: a claim is a rename, which is impossible between mounts."""
    finished = inflow.run(prefix=mounting)

    assert finished.returncode == 1
    assert "inbox/ and processing/ must be on one file system" in finished.stderr
    [waiting] = inflow.status()["inbox"]
    assert waiting.pop("since") is not None
    assert waiting == {
        "file": "places.csv",
        "state": "blocked",
        "reason": "inbox-on-another-mount",
        "message": "inbox/ and processing/ must be on one file system: a claim is a rename",
    }


def test_a_second_run_on_the_same_folder_is_refused_while_reports_work_next_to_the_first(
    inflow: Inflow, family: Births
) -> None:
    inflow.drop("people.csv", family.people_csv)
    with inflow.running():
        eventually(lambda: inflow.loads().get("people.csv", {}).get("state") == "archived")
        second = inflow.run()

        assert second.returncode == 2
        assert "another inflow runs on data" in second.stderr
        assert inflow("loads", "--data", "data").stdout.count("people.csv") == 1
    assert inflow.run().returncode == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_run_softly_with_0(inflow: Inflow, family: Births, number: int) -> None:
    inflow.drop("people.csv", family.people_csv)
    with inflow.running(INFLOW_RESCAN_SECONDS="3600") as process:
        eventually(lambda: inflow.loads().get("people.csv"))
        process.send_signal(number)

        assert process.wait(MAX_WAIT_SECONDS) == 0
        assert process.stderr is not None
        # Or it did not hear of the signal, and was ended all the same.
        assert "without waiting" not in process.stderr.read()
    assert inflow.run().returncode == 0
    assert accounts(inflow.loads()["people.csv"]) == {"rows_read": 1000, "inserted": 1000}


def test_a_run_that_was_killed_in_the_middle_of_a_load_is_completed_by_the_next_one(inflow: Inflow) -> None:
    """G5, and G2 Nothing doubled: the ledger has the chunks that were done."""
    family = births("Stone", people=40_000)
    inflow.drop("people.csv", family.people_csv)
    inflow.drop("places.csv", family.places_csv)
    rows_done = 0
    for _ in range(2):
        with inflow.running(INFLOW_CHUNK_ROWS="50") as process:
            rows_done = eventually(partial(more_rows_than, rows_done, inflow))
            process.kill()

    assert 0 < rows_done < 40_000
    assert not any(name.startswith("people") for name in os.listdir(inflow.data / "archive"))
    assert inflow.run(INFLOW_CHUNK_ROWS="5000").returncode == 0
    assert inflow.summary() == as_json(family.by_country)
    assert accounts(inflow.loads()["people.csv"]) == {"rows_read": 40_000, "inserted": 40_000}
    assert rows(inflow, "SELECT COUNT(*) FROM people") == [(40_000,)]


def test_a_run_that_was_killed_with_all_published_and_nothing_written_is_completed_by_the_next_one(
    inflow: Inflow, family: Births
) -> None:
    """G5: the queue in memory is lost with the process; the next one waits until the load stands still, then reads."""
    inflow.drop("people.csv", family.people_csv)
    with closing(Pipeline(inflow.data, config=replace(AT_ONCE, backlog_messages=1000))) as killed:
        killed.look()
        killed.publish()
        assert killed.states() == {"people.csv": ("published", None)}

    assert inflow.run().returncode == 0
    assert accounts(inflow.loads()["people.csv"]) == {"rows_read": 1000, "inserted": 1000}


def more_rows_than(rows_done: int, inflow: Inflow) -> int:
    """Return how many rows the status says are done, if they are more than that."""
    now = int(inflow.loads().get("people.csv", {}).get("rows_read", 0))
    return now if now > rows_done else 0


def test_the_summary_is_valid_at_every_look_while_loads_run(inflow: Inflow) -> None:
    """G6 summary_output.json is always whole, valid and atomic."""
    families = [births(f"Family {number}", people=20 * number) for number in range(1, 25)]
    everything = sum((family.by_country for family in families), Counter[str]())
    seen: list[Counter[str]] = []
    with inflow.running(INFLOW_CHUNK_ROWS="10") as process:
        for number, family in enumerate(families):
            inflow.drop(f"people-{number}.csv", family.people_csv)
            inflow.drop(f"places-{number}.csv", family.places_csv)
        eventually(lambda: look_at(inflow, seen) == everything)
        assert process.poll() is None

    totals = [counts.total() for counts in seen]
    assert totals == sorted(totals)
    assert len(set(totals)) > 3


def look_at(inflow: Inflow, seen: list[Counter[str]]) -> Counter[str]:
    """Read the summary as it is now."""
    try:
        seen.append(Counter(json.loads(inflow.summary())))
    except FileNotFoundError:
        seen.append(Counter())
    return seen[-1]


def test_files_are_claimed_by_polling_only(inflow: Inflow, family: Births) -> None:
    inflow.drop("people.csv", family.people_csv)
    inflow.drop("places.csv", family.places_csv)

    assert inflow.run(INFLOW_WATCH="poll").returncode == 0
    assert inflow.summary() == as_json(family.by_country)


#: Linux counts the memory of who starts a process as its own, up to its exec: this one is small, a test session is not.
PEAK_OF_CHILD = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_memory_stays_flat_however_long_the_file_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """G8 Memory is bounded: below 250 MiB, and no more for a million rows than for a fifth of them."""
    peaks = {count: peak_mebibytes(tmp_path / str(count), count) for count in (200_000, 1_000_000)}
    with capsys.disabled():
        print(f"\npeak of an embedded run, MiB by rows: {peaks}")

    assert peaks[1_000_000] < 250
    assert peaks[1_000_000] < 1.3 * peaks[200_000]


def peak_mebibytes(root: Path, rows: int) -> float:
    """Load a sample of that many rows; return the peak of the process's resident memory."""
    inflow = Inflow(root, timeout_seconds=600)
    inflow("sample", "--rows", str(rows), "--out", "data/inbox")

    finished = inflow.run(prefix=[sys.executable, "-c", PEAK_OF_CHILD])

    assert finished.returncode == 0
    assert accounts(inflow.loads()["people.csv"])["rows_read"] == rows
    return int(finished.stdout.split()[-1]) / 1024
