"""`inflow verify`, embedded and on servers: it finds falsified counts, and repairs them."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import text

from shared.configuration.catalog import load_catalog
from shared.storage.kept_counts import kept_counts
from tests.support.births import births
from tests.support.command import Inflow
from tests.support.servers.isolation import Broker, Database
from tests.support.services import running_pipeline

COUNT = kept_counts(load_catalog(None))[0].name
#: One of the places has its people doubled, so to say.
FALSIFY = f"UPDATE {COUNT} SET _row_count = _row_count * 2 WHERE place_of_birth = (SELECT MIN(city) FROM places)"


def test_an_embedded_count_is_found_right_found_wrong_and_repaired(tmp_path: Path) -> None:
    inflow = Inflow(tmp_path)
    family = births("Stone", people=200)
    inflow.drop("people.csv", family.people_csv)
    inflow.drop("places.csv", family.places_csv)
    assert inflow.run().returncode == 0

    right = inflow("verify", "--data", "data")
    assert (right.returncode, right.stdout) == (0, "people by place_of_birth: agrees with its table\n")

    with closing(sqlite3.connect(inflow.data / "inflow.db")) as database, database:
        database.execute(FALSIFY)
    wrong = inflow("verify", "--data", "data")
    assert wrong.returncode == 1
    assert wrong.stdout.startswith("people by place_of_birth: wrong, 1 difference\n  ")

    assert inflow("verify", "--data", "data", "--repair").returncode == 0
    assert inflow("verify", "--data", "data").returncode == 0


def test_a_count_that_no_aggregator_has_built_says_so(tmp_path: Path) -> None:
    inflow = Inflow(tmp_path)
    inflow.drop("people.csv", births("Stone", people=200).people_csv)
    assert inflow.run().returncode == 0
    with closing(sqlite3.connect(inflow.data / "inflow.db")) as database, database:
        database.execute("DELETE FROM inflow_counts")

    found = inflow("verify", "--data", "data", "--json")

    assert found.returncode == 1
    [count] = json.loads(found.stdout)["counts"]
    assert (count["dataset"], count["columns"]) == ("people", ["place_of_birth"])
    assert (count["is_built"], count["differences"]) == (False, [])


def test_a_repaired_count_on_a_server_gets_into_the_summary(broker: Broker, database: Database, tmp_path: Path) -> None:
    family = births("Stone", people=200)
    with running_pipeline(tmp_path, broker_url=broker.url, database_url=database.url) as pipeline:
        pipeline.start("watcher", "writer", "aggregator")
        pipeline.drop("places.csv", family.places_csv)
        pipeline.drop("people.csv", family.people_csv)
        pipeline.wait_until_archived(1, 2)
        pipeline.wait_for_summary(family.by_country)
        with pipeline.transaction() as connection:
            connection.execute(text(FALSIFY))
        pipeline.summary.write_text("{}")

        assert pipeline.command("verify").returncode == 1
        assert pipeline.command("verify", "--repair").returncode == 0

        assert pipeline.command("verify").returncode == 0
        pipeline.wait_for_summary(family.by_country)
