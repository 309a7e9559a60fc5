"""Hundreds of hostile strings on the real path: a CSV file, the watcher's reading, messages, the writer, a database."""

import csv
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from shared.extraction.chunks import ChunkBounds
from shared.storage.database import Database
from tests.integration.conftest import AnyDatabase, OpenWarehouse
from tests.support.catalogs import default_catalog
from tests.support.deliveries import Warehouse, body, dropped
from tests.support.extraction import extract, file_at
from tests.support.hostile import HOSTILE_STRINGS
from tests.support.model import Accounts

BOUNDS = ChunkBounds(rows=100, bytes=4096)


@pytest.fixture
def narrow_database(any_database: AnyDatabase) -> None:
    """A server's database whose default character set has 256 characters, as on Debian's MariaDB."""
    if any_database.flavour not in ("sqlite", "postgresql"):
        with closing(Database(make_url(any_database.url))) as database, database.transaction() as connection:
            connection.execute(text("ALTER DATABASE CHARACTER SET latin1"))


def drop(house: Warehouse, folder: Path, load_id: int, dataset: str, rows: Iterable[Sequence[str]]) -> None:
    """Write rows to a file, its header first, and take it to the database as the watcher and the writer do."""
    path = folder / f"{dataset}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([house.catalog.datasets[dataset].column_names, *rows])
    house.claim(dropped(load_id, dataset, "city"))
    chunks, extracted = extract(file_at(path, house.catalog.datasets[dataset], bounds=BOUNDS, load_id=load_id))
    for chunk in chunks:
        house.writer.handle(body(chunk))
    house.writer.handle(body(extracted.manifest))


@pytest.mark.usefixtures("narrow_database")
def test_hostile_strings_come_back_byte_for_byte(warehouse: OpenWarehouse, tmp_path: Path) -> None:
    """As keys, as values and as references; distinct keys stay distinct. Dropped again, all are found equal."""
    house = warehouse(default_catalog())
    count = len(HOSTILE_STRINGS)
    places = [(city, county, city) for city, county in pairwise([*HOSTILE_STRINGS, HOSTILE_STRINGS[0]])]
    people = [(name, name, "1901-02-03", name) for name in HOSTILE_STRINGS]

    drop(house, tmp_path, 1, "people", people)
    drop(house, tmp_path, 2, "places", places)

    assert {row.values for row in house.table("places").values()} == set(places)
    assert {row.values for row in house.table("people").values()} == set(people)
    assert house.accounts(1) == house.accounts(2) == Accounts(read=count, inserted=count)
    assert house.inferred("places") == set()

    drop(house, tmp_path, 3, "people", people)
    drop(house, tmp_path, 4, "places", places)

    assert house.accounts(3) == house.accounts(4) == Accounts(read=count, unchanged=count)


@pytest.mark.usefixtures("narrow_database")
def test_rejected_rows_keep_their_hostile_strings(warehouse: OpenWarehouse, tmp_path: Path) -> None:
    house = warehouse(default_catalog())
    people = [(name, "", "never", name) for name in HOSTILE_STRINGS]

    drop(house, tmp_path, 1, "people", people)

    assert [reject.cells for reject in house.rejects()] == people
    assert house.accounts(1) == Accounts(read=len(people), rejected=len(people))
