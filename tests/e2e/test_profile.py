"""`inflow profile` as a user runs it: outputs, references by the database that there is, and what it refuses."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from shared.configuration.catalog import load_catalog
from tests.support.births import births
from tests.support.command import REPOSITORY, Inflow
from tests.support.plants import assert_untouched, make_secret
from tests.support.servers.isolation import Broker, Database
from tests.support.services import running_pipeline

SAMPLES = REPOSITORY / "data" / "samples"
VISITS = "visit,town\n" + "".join(f"{n},{town}\n" for n, town in enumerate(["Stone 1", "Stone 2"] * 3))


@pytest.fixture
def inflow(tmp_path: Path) -> Inflow:
    return Inflow(tmp_path)


def test_the_samples_are_profiled_as_the_documentation_shows(inflow: Inflow) -> None:
    documentation = (REPOSITORY / "docs" / "profile.md").read_text()

    finished = inflow("profile", str(SAMPLES / "people.csv"))

    assert (finished.returncode, finished.stderr) == (0, "")
    assert finished.stdout in documentation
    assert inflow("profile", str(SAMPLES / "places.csv"), "--toml").stdout in documentation


def test_a_file_that_a_load_would_refuse_is_profiled_with_a_warning(inflow: Inflow) -> None:
    (inflow.root / "towns.txt").write_text("town    people\nStone      450\nAyr         12\nBonn         7\n")

    finished = inflow("profile", "towns.txt")

    assert finished.returncode == 0
    assert "! doubtful  its columns seem to be aligned by blanks" in finished.stdout
    assert "aligned by blanks" in json.loads(inflow("profile", "towns.txt", "--json").stdout)["doubt"]


def test_the_proposed_dataset_loads_the_file_it_was_made_from(inflow: Inflow) -> None:
    orders = inflow.root / "orders.csv"
    orders.write_text(
        "Order ID,day,amount,Note (free)\n"
        + "".join(f"{n},2024-05-{n:02},{n}.5,\n" for n in range(10, 31))
        + "31,NA,-,\n"
    )
    proposed = inflow("profile", "orders.csv", "--toml")
    (inflow.root / "inflow.toml").write_text(proposed.stdout)

    orders.rename(inflow.inbox / "orders.csv")

    assert inflow.run().returncode == 0
    load = inflow.loads()["orders.csv"]
    assert (load["state"], load["inserted"], load["rejected"]) == ("archived", 22, 0)
    assert load_catalog(inflow.root / "inflow.toml").datasets["orders"].column("amount").type == "decimal"
    with closing(sqlite3.connect(inflow.data / "inflow.db")) as database:
        assert database.execute("SELECT day, amount FROM orders WHERE order_id = 31").fetchall() == [(None, None)]


def test_a_proposal_may_be_sent_into_the_configuration_that_it_is_made_for(inflow: Inflow) -> None:
    (inflow.root / "orders.csv").write_text("id,day\n7,2024-05-31\n")
    # As `> inflow.toml` does, before the command begins.
    (inflow.root / "inflow.toml").write_text("")

    proposed = inflow("profile", "orders.csv", "--toml")

    assert proposed.returncode == 0
    assert "[datasets.orders]" in proposed.stdout


def test_a_page_is_written_atomically_next_to_the_json(inflow: Inflow) -> None:
    finished = inflow("profile", str(SAMPLES / "places.csv"), "--json", "--html", "page.html")

    assert json.loads(finished.stdout)["keys"]["found"] == [["city"]]
    assert (inflow.root / "page.html").read_text().startswith("<!doctype html>")
    assert sorted(os.listdir(inflow.root)) == ["data", "page.html"]


def test_a_page_is_not_written_through_a_link(inflow: Inflow) -> None:
    secret = make_secret(inflow.root)
    (inflow.root / "page.html").symlink_to(secret)

    finished = inflow("profile", str(SAMPLES / "places.csv"), "--html", "page.html")

    assert (finished.returncode, finished.stderr) == (2, "page.html is a link; name the file that is to be written\n")
    assert_untouched(secret)


def test_a_reference_is_found_in_an_embedded_database(inflow: Inflow) -> None:
    inflow.drop("places.csv", "city,county,country\nStone 1,c,C\nStone 2,c,C\n")
    assert inflow.run().returncode == 0
    (inflow.root / "visits.csv").write_text(VISITS)

    finished = inflow("profile", "visits.csv", "--data", "data")

    assert "town → places.city: 2 of 2 values found among its keys" in finished.stdout


def test_a_reference_is_found_on_a_server(broker: Broker, database: Database, tmp_path: Path) -> None:
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url) as pipeline:
        pipeline.start("watcher", "writer")
        pipeline.drop("places.csv", births("Stone", people=20).places_csv)
        pipeline.wait_until_archived(1)
        town = births("Stone", people=20).places_csv.splitlines()[1].split(",")[0]
        (tmp_path / "visits.csv").write_text(f"visit,town\n1,{town}\n2,{town}\n")

        finished = pipeline.command("profile", str(tmp_path / "visits.csv"))

    assert "town → places.city: 1 of 1 value found among its keys" in finished.stdout


def test_a_server_that_does_not_answer_leaves_names_and_types(inflow: Inflow) -> None:
    (inflow.root / "visits.csv").write_text("visit,city\n1,a\n2,a\n")

    finished = inflow("profile", "visits.csv", DATABASE_URL="mysql://u:p@127.0.0.1:1/d")

    assert finished.returncode == 0
    assert "city → places.city: only by name and type" in finished.stdout
    assert finished.stderr.startswith("references are guessed from names and types only; the database can't be reached")


@pytest.mark.parametrize(
    ("name", "content", "code", "message"),
    [
        ("empty.csv", b"", 1, "the file is empty"),
        ("open.csv", b'"a', 1, "the header can't be read: a quote is opened and never closed"),
        ("missing.csv", None, 2, "No such file"),
    ],
)
def test_a_file_that_can_t_be_read_is_refused(
    inflow: Inflow, name: str, content: bytes | None, code: int, message: str
) -> None:
    if content is not None:
        (inflow.root / name).write_bytes(content)

    finished = inflow("profile", name)

    assert (finished.returncode, finished.stdout) == (code, "")
    assert message in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_pipe_is_refused_at_once(inflow: Inflow) -> None:
    os.mkfifo(inflow.root / "pipe.csv")

    finished = inflow("profile", "pipe.csv")

    assert finished.returncode == 1
    assert "expected a regular file" in finished.stderr
