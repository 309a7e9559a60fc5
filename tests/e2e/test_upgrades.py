"""Installations of earlier versions, made by their own code, are upgraded in place in the middle of work."""

import csv
import io
import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.births import births
from tests.support.command import Inflow
from tests.support.eventually import eventually
from tests.support.old_versions import OLD_VERSIONS, unpack_version
from tests.support.servers.isolation import Broker, Database
from tests.support.services import REPOSITORY, Pipeline, running_pipeline, summary_of

STONE, LINTON, PEEBLES = births("Stone", people=70), births("Linton", people=50), births("Peebles", people=3000)
#: Rows that are rejected, in the file of the family Stone.
BAD_ROWS = "Ada,Stone,never,Graz of Stone\nBo,Stone,,Graz of Stone\n"
MENDED_DATES = {"Ada": "1837-02-28", "Bo": "1838-03-01"}
ALL_COUNTRIES = Counter({"Österreich": len(MENDED_DATES)}) + STONE.by_country + LINTON.by_country + PEEBLES.by_country

#: A dataset that the writer of the earlier version does not know: its chunks become dead letters.
ANIMALS = """
[datasets.animals]
files = ["animals*.csv"]
key = ["name"]
columns.name = { type = "text" }
"""
ANIMALS_CSV = "name\n" + "".join(f"Animal {number}\n" for number in range(25))
DEAD_CHUNKS = 3
GARBAGE = b"not a message"

#: Chunks and a queue so small that the large file is half published, and half of that merged, when all is killed.
SMALL = {"INFLOW_CHUNK_ROWS": "10", "INFLOW_BACKLOG_MESSAGES": "10"}
PLACES, PEOPLE, NAMELESS, GIVEN_UP, UNSUMMARISED, HALF_MERGED = range(1, 7)


@pytest.fixture(params=OLD_VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The folder of an earlier version's code."""
    folder = tmp_path / "old"
    folder.mkdir()
    return str(unpack_version(request.param, folder))


@pytest.fixture
def pipeline(broker: Broker, database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    configuration = tmp_path / "animals.toml"
    configuration.write_text((REPOSITORY / "inflow.toml").read_text() + ANIMALS)
    settings = {"INFLOW_CONFIG": str(configuration), **SMALL}
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url, settings=settings) as pipeline:
        yield pipeline


def places() -> str:
    """The places of all families, as one file."""
    header, *stone = STONE.places_csv.splitlines(keepends=True)
    rest = [line for each in (LINTON, PEEBLES) for line in each.places_csv.splitlines(keepends=True)[1:]]
    return "".join([header, *stone, *rest])


def mended(rejects_csv: str) -> str:
    """A rejects file with its dates corrected."""
    rows = list(csv.DictReader(io.StringIO(rejects_csv, newline="")))
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows({**row, "date_of_birth": MENDED_DATES[row["given_name"]]} for row in rows)
    return out.getvalue()


def accounts(load: Any) -> dict[str, int]:
    names = ("rows_done", "inserted", "updated", "unchanged", "superseded", "rejected")
    return {name: getattr(load, name) for name in names if getattr(load, name)}


def leave_in_the_middle_of_work(pipeline: Pipeline, broker: Broker, old: str) -> Any:
    """Run an earlier version until something of each kind is unfinished, and kill it; return the half merged load."""
    watcher, aggregator = pipeline.start("watcher", "aggregator", PYTHONPATH=old)
    writer = pipeline.start_one("writer", PYTHONPATH=old, INFLOW_CONFIG=str(REPOSITORY / "inflow.toml"))
    pipeline.drop("places.csv", places())
    pipeline.wait_until_archived(PLACES)
    pipeline.drop("people.csv", STONE.people_csv + BAD_ROWS)
    pipeline.wait_until_archived(PEOPLE)
    pipeline.drop("people-nameless.csv", "when,where\n1837-01-01,Graz\n")
    pipeline.wait_for_load(NAMELESS, lambda load: load.state == "refused")
    pipeline.wait_for_summary(STONE.by_country)
    pipeline.drop("animals.csv", ANIMALS_CSV)
    pipeline.wait_for_load(GIVEN_UP, lambda load: load.state == "published" and load.reason == "dead-lettered")
    broker.publish("inflow.writer", GARBAGE)
    eventually(lambda: broker.queue_depths()["inflow.writer.dlq"] == DEAD_CHUNKS + 1, message="dead letters")

    assert aggregator.stop() == 0
    pipeline.drop("people-linton.csv", LINTON.people_csv)
    pipeline.wait_for_load(UNSUMMARISED, lambda load: load.state == "archived")
    eventually(lambda: broker.queue_depths()["inflow.aggregator"], message="an event that the aggregator did not see")
    assert writer.stop() == 0
    pipeline.drop("people-peebles.csv", PEEBLES.people_csv)
    writer = pipeline.start_one("writer", PYTHONPATH=old)
    pipeline.wait_for_load(HALF_MERGED, lambda load: load.rows_done > 0)
    writer.kill()
    eventually(lambda: broker.queue_depths()["inflow.writer"], message="chunks wait again")
    watcher.kill()
    return pipeline.loads()[HALF_MERGED]


def test_an_installation_is_upgraded_in_place(pipeline: Pipeline, broker: Broker, old: str) -> None:
    """Loads, rejects, dead letters, messages and files in processing/ of an earlier version go on with this one."""
    half_merged = leave_in_the_middle_of_work(pipeline, broker, old)
    assert 0 < half_merged.rows_done < 3000
    assert half_merged.row_count is None
    assert len(list((pipeline.data / "processing").iterdir())) == 2
    assert pipeline.summary.read_bytes() == summary_of(STONE.by_country)

    services = pipeline.start("watcher", "aggregator")
    writer = pipeline.start_one("writer", INFLOW_CONFIG=str(REPOSITORY / "inflow.toml"))

    pipeline.wait_for_load(HALF_MERGED, lambda load: load.state == "archived")
    pipeline.wait_for_summary(STONE.by_country + LINTON.by_country + PEEBLES.by_country)
    assert accounts(pipeline.loads()[HALF_MERGED]) == {"rows_done": 3000, "inserted": 3000}
    eventually(lambda: waiting_messages(broker) == {"inflow.writer.dlq": DEAD_CHUNKS + 1}, message="all are used")
    assert_dead_letters_are_listed(pipeline)
    assert writer.stop() == 0
    services.append(pipeline.start_one("writer"))
    redrive(pipeline, broker)
    heal_the_rejects(pipeline)

    pipeline.wait_for_summary(ALL_COUNTRIES)
    families = pipeline.query("SELECT family_name, COUNT(*) FROM people GROUP BY family_name")
    assert set(families) == {("Stone", 72), ("Linton", 50), ("Peebles", 3000)}
    assert pipeline.query("SELECT COUNT(*) FROM places WHERE _inferred = 1") == [(0,)]
    assert pipeline.command("verify").returncode == 0
    states = Counter(load["state"] for load in pipeline.report("status")["loads"])
    assert (pipeline.report("status")["inbox"], states) == ([], {"archived": 6, "refused": 1})
    assert not any(service.has_ended for service in services)
    assert not any(service.logs("message_foreign") for service in [*services, writer])


def waiting_messages(broker: Broker) -> dict[str, int]:
    """The queues that have messages, and how many."""
    return {name: depth for name, depth in broker.queue_depths().items() if depth}


def assert_dead_letters_are_listed(pipeline: Pipeline) -> None:
    [held_back] = [load for load in pipeline.report("status")["loads"] if load["reason"] == "dead-lettered"]
    listed = pipeline.command("redrive", "--dry-run").stdout
    assert held_back["load_id"] == GIVEN_UP
    assert listed.count("the configuration has no dataset 'animals'") == 1 + DEAD_CHUNKS
    assert "13 bytes that are not a message; MalformedMessage" in listed


def redrive(pipeline: Pipeline, broker: Broker) -> None:
    """Messages dead-lettered by an earlier version are applied once possible; unusable ones are dead letters again."""
    assert pipeline.command("redrive").returncode == 0

    pipeline.wait_until_archived(GIVEN_UP)
    assert accounts(pipeline.loads()[GIVEN_UP]) == {"rows_done": 25, "inserted": 25}
    eventually(lambda: waiting_messages(broker) == {"inflow.writer.dlq": 1}, message="only the garbage is left")


def heal_the_rejects(pipeline: Pipeline) -> None:
    """Rejects of an earlier version are open, and heal with its rejects file."""
    still_open = pipeline.report("rejects", "--open")
    assert [(row["load_id"], row["line"]) for row in still_open] == [(PEOPLE, 72), (PEOPLE, 73)]
    [path] = (pipeline.data / "rejected").glob("people.csv.*.csv")

    pipeline.drop(path.name, mended(path.read_text()))

    last = HALF_MERGED + 1
    pipeline.wait_until_archived(last)
    assert accounts(pipeline.loads()[last]) == {"rows_done": 2, "inserted": 2}
    assert pipeline.report("rejects", "--open") == []


@pytest.fixture
def inflow(tmp_path: Path) -> Inflow:
    return Inflow(tmp_path)


def rows(inflow: Inflow, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query; empty while the tables do not exist yet."""
    if not (inflow.data / "inflow.db").exists():
        return []
    with closing(sqlite3.connect(inflow.data / "inflow.db")) as database:
        has_tables = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'inflow_loads'").fetchall()
        return database.execute(query).fetchall() if has_tables else []


def kill_in_mid_load(inflow: Inflow, old: str) -> int:
    """Run an earlier version until it has merged a part of the load of its largest file; return its number."""
    half_merged = "SELECT load_id FROM inflow_loads WHERE rows_done > 0 AND row_count IS NULL"
    with inflow.running(PYTHONPATH=old, INFLOW_CHUNK_ROWS="2") as process:
        eventually(lambda: rows(inflow, half_merged), pause_seconds=0.005, message="a part is merged")
        process.kill()
    [(load_id,)] = rows(inflow, half_merged)
    return int(load_id)


@pytest.mark.parametrize("old", ["0099598"], indirect=True)
def test_a_load_that_this_version_reads_differently_is_refused_and_loaded_when_dropped_again(
    inflow: Inflow, old: str
) -> None:
    """G1 Nothing lost: the earlier version reads a line of dashes below the header as a row, this one does not."""
    header, people = PEEBLES.people_csv.split("\n", 1)
    content = f"{header}\n-----,----,----,----\n{people}"
    inflow.drop("people.csv", content)
    load_id = kill_in_mid_load(inflow, old)

    assert inflow.run().returncode == 1

    [refused] = inflow.status()["loads"]
    assert (refused["load_id"], refused["state"], refused["reason"]) == (load_id, "refused", "reading-changed")
    inflow.drop("people.csv", content)
    assert inflow.run().returncode == 0
    assert rows(inflow, "SELECT COUNT(*) FROM people") == [(3000,)]


def test_an_embedded_installation_is_upgraded_in_place(inflow: Inflow, old: str) -> None:
    """Its queue is in memory: what was on its way is published again, from the file in processing/."""
    for name, content in (("places.csv", places()), ("people.csv", STONE.people_csv + BAD_ROWS)):
        inflow.drop(name, content)
    assert inflow.run(PYTHONPATH=old).returncode == 0
    before = inflow.summary()
    inflow.drop("people-peebles.csv", PEEBLES.people_csv)
    assert kill_in_mid_load(inflow, old) == 3
    assert [path.name.endswith("people-peebles.csv") for path in (inflow.data / "processing").iterdir()] == [True]
    assert inflow.summary() == before == summary_of(STONE.by_country)
    [rejects_file] = (inflow.data / "rejected").glob("people.csv.*.csv")
    inflow.drop(rejects_file.name, mended(rejects_file.read_text()))

    finished = inflow.run()

    assert finished.returncode == 0, finished.stderr
    loads = {load["load_id"]: load for load in inflow.status()["loads"]}
    assert {load["state"] for load in loads.values()} == {"archived"}
    assert (loads[3]["rows_read"], loads[3]["inserted"]) == (3000, 3000)
    assert (loads[4]["rows_read"], loads[4]["inserted"], loads[2]["open"]) == (2, 2, 0)
    assert json.loads(inflow("rejects", "--open", "--json", "--data", "data").stdout) == []
    families = rows(inflow, "SELECT family_name, COUNT(*) FROM people GROUP BY family_name")
    assert set(families) == {("Stone", 72), ("Peebles", 3000)}
    assert inflow.summary() == summary_of(STONE.by_country + PEEBLES.by_country + Counter({"Österreich": 2}))
    assert inflow("verify", "--data", "data").returncode == 0
