"""What Inflow does with a database, once for each kind; the first line of a docstring is the feature's name."""

import random
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import URL, func, insert, select, text

from services.aggregator.aggregator import Aggregator
from services.writer.relay import Relay
from shared.messaging.local_queue import LocalQueue
from shared.messaging.payloads import RowsExtracted
from shared.model.errors import ConcurrentInsert, DatabaseRefused, RowsRefused, TablesUnusable, UnknownLoad
from shared.runtime.files import DataFolder
from shared.storage.counting.counts import Counts
from shared.storage.database import Database
from shared.storage.kept_counts import kept_counts
from shared.storage.schema.differences import compare_tables
from shared.storage.store import open_store
from tests.conformance.conftest import OpenWarehouse
from tests.integration.test_eight_writers import Tally, births, play_round
from tests.support.catalogs import (
    composite_references,
    default_catalog,
    every_type,
    forgiving_people_and_places,
    reference_in_key,
    reference_to_itself,
)
from tests.support.counts import kept_rows, rows_by, with_all_counts
from tests.support.deliveries import Warehouse, chunks, dropped, manifest, messages
from tests.support.hostile import HOSTILE_STRINGS
from tests.support.model import Accounts, DroppedFile, Model
from tests.support.pipeline import AT_ONCE, Pipeline
from tests.support.pipeline import people as people_csv
from tests.support.triggers import forbid

PEOPLE = "given_name,family_name,date_of_birth,place_of_birth"
PLACES = "city,county,country"
THINGS = "id,label,amount,price,ratio,born,seen,alive"
A_THING = ("1", "é", "-9223372036854775808", "-0." + "0" * 29 + "1", "5e-324", "0001-01-01", "1837-06-20", "no")
NORMAL = ("1", "é", "-9223372036854775808", "-0." + "0" * 29 + "1", "2.5e-308", "0001-01-01", "1837-06-20", "no")
CHANGED = ("1", "É", "0", "0.10", "0.1", "1582-10-10", "9999-12-31T23:59:59.999999", "yes")


def people(load_id: int, *places: str) -> DroppedFile:
    rows = [(f"Given {number}", "Stone", "1900-01-01", place) for number, place in enumerate(places)]
    return dropped(load_id, "people", PEOPLE, *rows)


def places(load_id: int, **countries: str) -> DroppedFile:
    return dropped(load_id, "places", PLACES, *((city, "County", country) for city, country in countries.items()))


def same_as_model(house: Warehouse, *files: DroppedFile) -> None:
    model = Model(house.catalog)
    model.drop_all(files)
    assert house.tables() == model.tables


def test_merge(open_warehouse: OpenWarehouse) -> None:
    """Merge: inserted, updated, unchanged, superseded."""
    house = open_warehouse(default_catalog())
    first = places(1, Ayr="Scotland", Bath="England", Cork="Ireland")
    second = dropped(2, "places", PLACES, *[("Ayr", "County", "Scotland"), ("Bath", "Avon", "England")] * 2)

    house.load(first)
    house.load(second)

    assert house.accounts(1) == Accounts(read=3, inserted=3)
    assert house.accounts(2) == Accounts(read=4, updated=1, unchanged=1, superseded=2)
    same_as_model(house, first, second)


def test_types(open_warehouse: OpenWarehouse) -> None:
    """Every type comes back as it was written, and is found equal."""
    house = open_warehouse(every_type())
    files = [dropped(load_id, "things", THINGS, row) for load_id, row in enumerate((NORMAL, NORMAL, CHANGED), start=1)]
    files.append(dropped(4, "things", THINGS, A_THING))

    for file in files:
        house.load(file)
        same_as_model(house, *files[: file.load_id])

    assert [house.accounts(number).unchanged for number in (1, 2, 3)] == [0, 1, 0]
    assert house.accounts(4) == Accounts(read=1, rejected=1)


def test_late_load(open_warehouse: OpenWarehouse) -> None:
    """A load that comes late does not win, chunk by chunk."""
    house = open_warehouse(default_catalog())
    earlier, later = places(1, Ayr="Scotland", Bath="England"), places(2, Ayr="Alba", Cork="Ireland")
    house.claim(earlier, later)

    house.deliver(*messages(later), *messages(earlier, rows=1))

    assert house.accounts(1) == Accounts(read=2, inserted=1, superseded=1)
    same_as_model(house, earlier, later)


def test_references(open_warehouse: OpenWarehouse) -> None:
    """References and inferred members, filled in by the file that states them."""
    house = open_warehouse(default_catalog())
    born, stated = people(1, "Ayr", "Bath", "Ayr"), places(2, Ayr="Scotland")

    house.load(born)
    assert house.inferred("places") == {("Ayr",), ("Bath",)}
    house.load(stated)

    assert house.inferred("places") == {("Bath",)}
    assert house.accounts(2) == Accounts(read=1, inserted=1)
    same_as_model(house, born, stated)


@pytest.mark.parametrize("shape", [composite_references, reference_in_key, reference_to_itself])
def test_shapes_of_references(open_warehouse: OpenWarehouse, shape: object) -> None:
    """References of two columns, inside a key, and to the own table."""
    house = open_warehouse(shape())  # type: ignore[operator]
    files = {
        composite_references: [dropped(1, "shops", "shop,region,land", ("Corner", "N", "A"), ("Mill", "S", "A"))],
        reference_in_key: [dropped(1, "rooms", "building,number,colour", ("Hall", "10", "red"), ("Hall", "9", "blue"))],
        reference_to_itself: [dropped(1, "staff", "name,manager,room", ("Ann", "Bob", "1"), ("Bob", "Cid", "2"))],
    }[shape]  # type: ignore[index]

    house.load(*files)

    same_as_model(house, *files)


def test_rejects_and_bisection(open_warehouse: OpenWarehouse) -> None:
    """Rows that the database refuses are found among the others, and rejected in its words."""
    house = open_warehouse(default_catalog())
    forbid(house, "people", "NEW.place_of_birth = 'Ys'")
    bad = {5, 6, 40}

    house.load(people(1, *("Ys" if number in bad else "Weir" for number in range(64))))

    assert house.accounts(1) == Accounts(read=64, inserted=61, rejected=3)
    assert [(reject.line, reject.code) for reject in house.rejects()] == [
        (number + 2, "constraint-error") for number in sorted(bad)
    ]


def test_null_character(open_warehouse: OpenWarehouse) -> None:
    """U+0000 in a text is a rejected row, kept with every character that it has."""
    house = open_warehouse(default_catalog())
    file = dropped(1, "places", PLACES, ("A\0yr", "␀ ␛␀ ␛␛", "Scotland"), ("Bath", "␀ ␛␀ ␛␛", "England"))

    house.load(file)

    assert house.accounts(1) == Accounts(read=2, inserted=1, rejected=1)
    [reject] = house.rejects()
    assert (reject.code, reject.cells) == ("type-error", file.rows[2])
    same_as_model(house, file)


def test_hostile_strings(open_warehouse: OpenWarehouse) -> None:
    """Hostile strings as keys, values and references, distinct and byte for byte."""
    house = open_warehouse(default_catalog())
    cities = [(city, county, city) for city, county in pairwise([*HOSTILE_STRINGS, HOSTILE_STRINGS[0]])]
    born = [(name, name, "1901-02-03", name) for name in HOSTILE_STRINGS]

    house.load(dropped(1, "people", PEOPLE, *born), dropped(2, "places", PLACES, *cities))
    house.load(dropped(3, "people", PEOPLE, *born), dropped(4, "places", PLACES, *cities))

    assert {row.values for row in house.table("places").values()} == set(cities)
    assert house.accounts(3) == house.accounts(4) == Accounts(read=len(born), unchanged=len(born))


def test_order_of_texts(open_warehouse: OpenWarehouse) -> None:
    """Texts are in the order of their bytes, whatever the database's own order is."""
    house = open_warehouse(default_catalog())
    cities = ["a", "B", "á", "Z", "z", "_", "É", "e", "\U0001f600", "\uffee"]

    house.load(dropped(1, "places", PLACES, *((city, "County", "Country") for city in cities)))

    assert house.column("places", "city") == sorted(cities)


def test_ledger(open_warehouse: OpenWarehouse) -> None:
    """The ledger: a chunk that comes again changes nothing, and the load completes once."""
    house = open_warehouse(default_catalog())
    file = people(1, "Ayr", "Bath", "Cork")
    house.claim(file)

    house.deliver(manifest(file), *chunks(file, rows=2), *chunks(file, rows=2), manifest(file))

    assert house.accounts(1) == Accounts(read=3, inserted=3)
    assert (house.completed_loads(), house.completions) == ([1], 1)


def test_repeated_keys(open_warehouse: OpenWarehouse) -> None:
    """Accounts of a key that a load states more than once, in any order of its chunks."""
    rows = [("Ayr", "County", country) for country in ("Scotland", "Alba", "Scotland")]
    for load_id, order in enumerate(((0, 1, 2), (2, 1, 0), (1, 0, 2)), start=2):
        house = open_warehouse(default_catalog())
        if load_id == 2:
            house.load(places(1, Ayr="Scotland"))
        file = dropped(load_id, "places", PLACES, *rows)
        house.claim(file)
        parts = chunks(file, rows=1)
        house.deliver(*(parts[number] for number in order), manifest(file))
        assert house.accounts(load_id) == Accounts(read=3, unchanged=1, superseded=2)


def test_values_before_a_load(open_warehouse: OpenWarehouse) -> None:
    """What a row was before a load is told apart by each of its values, NULL too."""
    house = open_warehouse(forgiving_people_and_places())
    house.load(dropped(1, "places", PLACES, ("Ayr", "X", "")))

    house.load(dropped(2, "places", PLACES, ("Ayr", "", "X"), ("Ayr", "X", "")), rows=1)

    assert house.accounts(2) == Accounts(read=2, unchanged=1, superseded=1)


def test_outbox(open_warehouse: OpenWarehouse) -> None:
    """The outbox: events are published, and gone after it."""
    house = open_warehouse(default_catalog())
    house.load(places(1, Ayr="Scotland"), places(2, Bath="England"))

    assert Relay(house.store, LocalQueue()).run_once() == 2
    assert house.completed_loads() == []


def test_kept_counts(open_warehouse: OpenWarehouse, tmp_path: Path) -> None:
    """Kept counts, folded and rebuilt, are what counting the tables gives; so are the bytes of a summary."""
    house = open_warehouse(default_catalog())
    house.load(people(1, "Ayr", "Bath", "Ayr"), places(2, Ayr="Scotland", Bath="England"))
    [summary] = house.catalog.summaries
    assert house.summary(tmp_path, summary) == b'{"Scotland":2,"England":1}'
    house.load(people(3, "Bath", "Bath"))

    assert house.summary(tmp_path, summary) == b'{"England":2,"Scotland":1}'
    [count] = kept_counts(house.catalog)
    dataset = house.catalog.datasets["people"]
    with house.database.transaction() as connection:
        found = kept_rows(connection, house.schema, count)
    assert found == rows_by(dataset, house.table("people").values(), count.columns)


def test_counts_by_every_type(open_warehouse: OpenWarehouse) -> None:
    """Kept counts by a column of every type follow a value that is replaced."""
    house = open_warehouse(with_all_counts(every_type()))
    for load_id, row in enumerate((NORMAL, CHANGED, NORMAL), start=1):
        house.load(dropped(load_id, "things", THINGS, row))

    for count in kept_counts(house.catalog):
        with house.database.transaction() as connection:
            found = kept_rows(connection, house.schema, count)
        assert found == rows_by(house.catalog.datasets["things"], house.table("things").values(), count.columns)


def test_verify(open_warehouse: OpenWarehouse, tmp_path: Path) -> None:
    """`inflow verify`: a table that was changed by hand is noticed, and its count rebuilt."""
    house = open_warehouse(default_catalog())
    house.load(people(1, "Ayr", "Bath", "Ayr"))
    Aggregator(folder=DataFolder(tmp_path), store=house.store, stop=threading.Event()).recompute()
    counts = Counts(house.store)
    [count] = counts.all
    assert counts.differences(count, most=5) == []

    with house.database.transaction() as connection:
        connection.execute(text("DELETE FROM people WHERE given_name = 'Given 0'"))
    [difference] = counts.differences(count, most=5)
    assert (difference.values, difference.in_table, difference.kept) == (("Ayr",), 1, 2)
    counts.build(count)

    assert counts.differences(count, most=5) == []


@pytest.fixture
def comparing(url: URL, tmp_path: Path) -> Iterator[Pipeline]:
    config = replace(AT_ONCE, compare_from_bytes=0)
    with closing(Pipeline(tmp_path / "data", config=config, new_database=lambda _: Database(url))) as pipeline:
        yield pipeline


def test_comparison(comparing: Pipeline) -> None:
    """A file that is dropped again is compared with its earlier edition: only what changed is published."""
    comparing.drop("people.csv", people_csv(20))
    comparing.finish()
    published = len(comparing.queue.published)
    comparing.drop("people.csv", people_csv(20).replace("Given 7,Stone", "Given 7,Flint"))
    comparing.finish()

    sent = [each for each in comparing.queue.published[published:] if isinstance(each, RowsExtracted)]
    assert [row for chunk in sent for row in chunk.rows] == [["Given 7", "Flint", "1900-01-01", "Weir"]]
    outcome = comparing.outcomes()[-1]
    assert (outcome.rows_read, outcome.inserted, outcome.unchanged) == (20, 1, 19)


def test_eight_writers(url: URL) -> None:
    """Eight writers that meet in every key and every reference end as one would."""
    if url.get_backend_name() == "sqlite":
        pytest.skip("an embedded database has one writer")
    tally = Tally()

    play_round(url.render_as_string(hide_password=False), default_catalog(), births(), random.Random(1), tally)

    assert tally["deadlocks"] <= 5


def test_error_classes(open_warehouse: OpenWarehouse) -> None:
    """Errors are sorted: a key inserted meanwhile, a row, a missing table, a wrong statement."""
    house = open_warehouse(default_catalog())
    house.load(places(1, Ayr="Scotland"))
    marks = "_asserted_load, _asserted_line, _changed_load, _changed_line, _inferred"
    again = f"INSERT INTO places (city, {marks}) VALUES ('Ayr', 1, 1, 1, 1, FALSE)"
    wrong = {
        again: ConcurrentInsert,
        f"INSERT INTO places (city, {marks}) VALUES (NULL, 1, 1, 1, 1, FALSE)": RowsRefused,
        "DELETE FROM inflow_nothing": TablesUnusable,
        "UPDATE places SET elsewhere = 1": TablesUnusable,
        "SELEC 1": DatabaseRefused,
    }
    for statement, error in wrong.items():
        with pytest.raises(error), house.database.transaction() as connection:
            connection.execute(text(statement))


def test_savepoint(open_warehouse: OpenWarehouse) -> None:
    """What a refused statement did is undone, and the transaction goes on."""
    house = open_warehouse(default_catalog())
    table = house.schema.sequences
    with house.database.transaction() as connection:
        connection.execute(insert(table).values(name="a", value=1))
        rows = [{"name": "b", "value": 1}, {"name": "a", "value": 2}]
        with pytest.raises(ConcurrentInsert), house.database.savepoint(connection):
            connection.execute(insert(table), rows)
        connection.execute(insert(table).values(name="c", value=1))

    with house.database.transaction() as connection:
        assert list(connection.scalars(select(table.c.name).order_by(table.c.name))) == ["a", "c"]


def test_preparation(url: URL) -> None:
    """Tables are created once, by whoever comes first, and found equal ever after."""
    with closing(Database(url)) as database:
        first = open_store(database, every_type())
        assert open_store(database, every_type()).installation_id == first.installation_id
        with database.transaction() as connection:
            assert compare_tables(connection, first.schema) == []
            assert connection.scalar(select(func.count()).select_from(first.schema.installation)) == 1


def test_nothing_foreign(open_warehouse: OpenWarehouse) -> None:
    """Nothing foreign: a chunk of a load that the ledger does not have is not merged."""
    house = open_warehouse(default_catalog())

    with pytest.raises(UnknownLoad):
        house.deliver(*chunks(places(1, Ayr="Scotland")))

    assert house.table("places") == {}
