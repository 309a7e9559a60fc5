"""Recovery by an operator after a loss: replaying archived files, giving up a load, correct summaries."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.births import births
from tests.support.command import Inflow
from tests.support.eventually import eventually


@pytest.fixture
def inflow(tmp_path: Path) -> Inflow:
    return Inflow(tmp_path)


PLACES = "city,county,country\n"


def people(*names: str, born: str) -> str:
    return "given_name,family_name,date_of_birth,place_of_birth\n" + "".join(
        f"{name},Stone,{born},Weir\n" for name in names
    )


def lose_database(inflow: Inflow) -> None:
    for path in inflow.data.glob("inflow.db*"):
        path.unlink()


def load_three_editions(inflow: Inflow) -> None:
    """The country of Weir is that of the last one."""
    for country in ("A", "B", "C"):
        inflow.drop("places.csv", f"{PLACES}Weir,,{country}\n")
        assert inflow.run().returncode == 0
    inflow.drop("people.csv", people("Ann", born="1901-01-01"))
    assert inflow.run().returncode == 0


def test_a_lost_database_is_filled_again_from_the_archive_in_the_order_of_the_drops(inflow: Inflow) -> None:
    load_three_editions(inflow)
    summary = inflow.summary()
    # By their times, the archive's files say another order.
    for number, path in enumerate(sorted((inflow.data / "archive").iterdir(), reverse=True)):
        os.utime(path, (number, number))
    lose_database(inflow)
    assert inflow.run().returncode == 0
    assert inflow.summary() == b"{}"

    replayed = inflow("replay", "--data", "data")

    assert (replayed.returncode, replayed.stderr) == (0, "")
    assert replayed.stdout.splitlines()[0] == "load 1: places.1.csv: into places"
    assert replayed.stdout.splitlines()[-1] == "4 of 4 files are loaded again"
    assert inflow.run().returncode == 0
    assert inflow.summary() == summary == b'{"C":1}'
    assert [(load["load_id"], load["file"]) for load in inflow.status()["loads"]] == [
        (1, "places.csv"),
        (2, "places.csv"),
        (3, "places.csv"),
        (4, "people.csv"),
    ]


def test_what_was_dropped_since_a_loss_stays_newer_than_what_is_replayed(inflow: Inflow) -> None:
    load_three_editions(inflow)
    lose_database(inflow)
    inflow.drop("places.csv", f"{PLACES}Weir,,D\n")
    assert inflow.run().returncode == 0

    assert inflow("replay", "--data", "data").returncode == 0

    assert inflow.run().returncode == 0
    assert inflow.summary() == b'{"D":1}'


def test_every_archived_file_is_loaded_again_into_an_emptied_table(inflow: Inflow) -> None:
    load_three_editions(inflow)
    with closing(sqlite3.connect(inflow.data / "inflow.db")) as database:
        database.execute("DELETE FROM places")
        database.commit()

    replayed = inflow("replay", "--all", "--data", "data")

    assert replayed.stdout.splitlines()[0] == "load 1: places.1.csv: into places, as load 5"
    assert inflow.run().returncode == 0
    assert inflow.summary() == b'{"C":1}'
    assert sorted(os.listdir(inflow.data / "archive")) == [
        "people.8.csv",
        "places.5.csv",
        "places.6.csv",
        "places.7.csv",
    ]


def test_replay_takes_what_the_database_does_not_have(inflow: Inflow, tmp_path: Path) -> None:
    inflow.drop("places.csv", births("Aird", people=1).places_csv)
    assert inflow.run().returncode == 0
    shutil.copy(inflow.data / "inflow.db", tmp_path / "backup")
    inflow.drop("people.csv", people("Ann", born="1901-01-01"))
    assert inflow.run().returncode == 0
    lose_database(inflow)
    shutil.copy(tmp_path / "backup", inflow.data / "inflow.db")

    assert inflow("replay", "--dry-run", "--data", "data").stdout.splitlines() == [
        "load 2: people.2.csv: into people",
        "1 of 1 files would be loaded again",
    ]
    assert inflow("replay", "--all", "--last", "1", "--dry-run", "--data", "data").stdout.splitlines() == [
        "load 1: places.1.csv: into places, as a new load",
        "1 of 1 files would be loaded again",
    ]
    assert os.listdir(inflow.data / "processing") == []


def test_a_file_whose_dataset_cannot_be_told_is_named(inflow: Inflow) -> None:
    (inflow.data / "inbox" / "places").mkdir(parents=True)
    (inflow.data / "inbox" / "places" / "x.csv").write_text(f"{PLACES}Weir,,A\n")
    assert inflow.run().returncode == 0
    lose_database(inflow)
    assert inflow.run().returncode == 0

    replayed = inflow("replay", "--data", "data")

    assert replayed.returncode == 1
    assert "load 1: x.1.csv: the name 'x.csv' matches no dataset" in replayed.stdout
    assert "copy it into inbox/DATASET/ yourself" in replayed.stdout
    assert "0 of 1 files are loaded again" in replayed.stdout


def test_a_load_that_cannot_continue_is_given_up_by_the_operator(inflow: Inflow) -> None:
    inflow.drop("places.csv", f"{PLACES}Weir,,A\n")
    assert inflow.run().returncode == 0
    with closing(sqlite3.connect(inflow.data / "inflow.db")) as database:
        database.execute("UPDATE inflow_loads SET state = 'published', completed_at = NULL")
        database.commit()
    for path in (inflow.data / "archive").iterdir():
        path.unlink()
    waiting = inflow.run()
    assert waiting.returncode == 1
    [load] = inflow.status()["loads"]
    assert (load["state"], load["reason"]) == ("published", "file-gone")
    assert "inflow give-up 1" in load["message"]

    given_up = inflow("give-up", "1", "--data", "data")

    assert (given_up.returncode, given_up.stderr) == (0, "")
    assert given_up.stdout == ("load 1 (places.csv) is given up; 1 rows that it inserted or updated stay in places\n")
    assert inflow.run().returncode == 0
    [load] = inflow.status()["loads"]
    assert (load["state"], load["reason"]) == ("refused", "given-up")


@pytest.mark.parametrize(("load", "said"), [("1", "load 1 (places.csv) is archived"), ("7", "there is no load 7")])
def test_only_an_open_load_is_given_up(inflow: Inflow, load: str, said: str) -> None:
    inflow.drop("places.csv", f"{PLACES}Weir,,A\n")
    assert inflow.run().returncode == 0

    refused = inflow("give-up", load, "--data", "data")

    assert refused.returncode == 2
    assert said in refused.stderr


@pytest.mark.parametrize("loss", ["deleted", "edited"])
def test_a_summary_that_is_not_the_databases_is_written_again_at_the_next_look(inflow: Inflow, loss: str) -> None:
    load_three_editions(inflow)
    path = inflow.data / "summary_output.json"
    with inflow.running():
        if loss == "deleted":
            path.unlink()
        else:
            path.write_text(json.dumps({"Nowhere": 1}))
        eventually(lambda: path.exists() and inflow.summary() == b'{"C":1}', message="the summary")


def test_the_summary_follows_a_database_that_was_restored(inflow: Inflow, tmp_path: Path) -> None:
    """Neither older nor newer than its table."""
    load_three_editions(inflow)
    shutil.copy(inflow.data / "inflow.db", tmp_path / "backup")
    inflow.drop("people.csv", people("Ann", "Bea", born="1901-01-01"))
    assert inflow.run().returncode == 0
    assert inflow.summary() == b'{"C":2}'
    lose_database(inflow)
    shutil.copy(tmp_path / "backup", inflow.data / "inflow.db")

    assert inflow.run().returncode == 0

    assert inflow.summary() == b'{"C":1}'
