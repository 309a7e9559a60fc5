"""Merging the rows of a chunk: the effects on the tables and on the counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations

import pytest
from sqlalchemy import Connection, event, text

from shared.model.datasets import TypeName
from shared.storage.database import Database
from tests.integration.conftest import OpenWarehouse
from tests.support.catalogs import (
    COLUMN_OF_TYPE,
    composite_references,
    default_catalog,
    every_type,
    forgiving_people_and_places,
    key_only,
    reference_in_key,
    reference_to_itself,
    typed_keys,
)
from tests.support.deliveries import Warehouse, body, chunks, dropped, manifest, messages
from tests.support.model import Accounts, DroppedFile, Model, Row

PEOPLE = "given_name,family_name,date_of_birth,place_of_birth"
PLACES = "city,county,country"

ANN = ("Ann", "Ash", "1901-02-03", "Ayr")
BOB = ("Bob", "Birch", "1837-06-20", "Bath")
CID = ("Cid", "Cole", "1999-12-31", "Cork")

BOUNDARIES: dict[TypeName, tuple[str, ...]] = {
    "text": ("a", "A", "a ", " a", "á", "a\u0301", "ß", "ss", "😀" * 255, "\\", "'", '"', "%s", ":x", "{", "1", "01"),
    "integer": ("-9223372036854775808", "-1", "0", "1", "2147483648", "9007199254740993", "9223372036854775807"),
    "decimal": (
        "-" + "9" * 35 + "." + "9" * 30,
        "-0." + "0" * 29 + "1",
        "0",
        "0." + "0" * 29 + "1",
        "0." + "1" * 30,
        "123456789012345678901234567890.5",
        "9" * 35 + "." + "9" * 30,
    ),
    "float": (
        "-1.7976931348623157e308",
        "-2.2250738585072014e-308",
        "0",
        "1e-7",
        "0.1",
        "0.30000000000000004",
        "0.3",
        "1",
        "9007199254740993",
        "1e22",
        "123456789.123456789",
        "1.7976931348623157e308",
        "5e-300",
    ),
    "date": ("0001-01-01", "0999-12-31", "1582-10-10", "1837-06-20", "1970-01-01", "2024-02-29", "9999-12-31"),
    "timestamp": (
        "0001-01-01T00:00:00",
        "1837-06-20T01:02:03.000001",
        "1970-01-01T00:00:00Z",
        # A second that a zone with summer time does not have, and the end of 32 bits.
        "2024-03-31T02:30:00",
        "2038-01-19T03:14:08.5",
        "9999-12-31T23:59:59.999999",
    ),
    "boolean": ("false", "true"),
}


def people(load_id: int, *rows: tuple[str, ...]) -> DroppedFile:
    return dropped(load_id, "people", PEOPLE, *rows)


def places(load_id: int, *rows: tuple[str, ...]) -> DroppedFile:
    return dropped(load_id, "places", PLACES, *rows)


def modelled(warehouse: Warehouse, *files: DroppedFile) -> Model:
    model = Model(warehouse.catalog)
    model.drop_all(files)
    return model


def test_rows_of_new_keys_are_inserted(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    file = people(1, ANN, BOB, CID)

    house.load(file)

    assert house.accounts(1) == Accounts(read=3, inserted=3)
    assert house.tables() == modelled(house, file).tables
    assert set(house.changed("people").values()) == {(1, 2), (1, 3), (1, 4)}


def test_the_same_file_again_moves_the_asserted_marks_and_nothing_else(warehouse: OpenWarehouse) -> None:
    """G2: a repeated drop reports every row as unchanged; no value, no `changed` mark moves."""
    house = warehouse(default_catalog())
    house.load(people(1, ANN, BOB, CID))
    before, changed = house.table("people"), house.changed("people")

    house.load(people(2, ANN, BOB, CID))

    assert house.accounts(2) == Accounts(read=3, unchanged=3)
    after = house.table("people")
    assert {key: row.values for key, row in after.items()} == {key: row.values for key, row in before.items()}
    assert {row.asserted for row in after.values()} == {(2, 2), (2, 3), (2, 4)}
    assert house.changed("people") == changed


def test_one_edited_line_is_one_updated_row(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.load(people(1, ANN, BOB, CID))

    house.load(people(2, ANN, (*BOB[:3], "Belfast"), CID))

    assert house.accounts(2) == Accounts(read=3, updated=1, unchanged=2)
    assert house.table("people")[BOB[:3]].values == (*BOB[:3], "Belfast")
    assert house.changed("people") == {ANN[:3]: (1, 2), BOB[:3]: (2, 3), CID[:3]: (1, 4)}


def test_an_older_drop_that_arrives_later_changes_nothing(warehouse: OpenWarehouse) -> None:
    """G4: the last drop of a key wins; the rows of the older one are superseded."""
    house = warehouse(default_catalog())
    older, newer = people(1, (*ANN[:3], "Old"), BOB), people(2, (*ANN[:3], "New"), BOB)
    house.claim(older, newer)

    house.deliver(*messages(newer), *messages(older))

    assert house.accounts(1) == Accounts(read=2, superseded=2)
    assert house.accounts(2) == Accounts(read=2, inserted=2)
    assert house.tables() == modelled(house, older, newer).tables


def test_the_places_of_superseded_people_are_known_all_the_same(warehouse: OpenWarehouse) -> None:
    """G3: else the places would depend on which of two files was written first."""
    house = warehouse(default_catalog())
    older, newer = people(1, (*ANN[:3], "Old")), people(2, (*ANN[:3], "New"))
    house.claim(older, newer)

    house.deliver(*messages(newer), *messages(older))

    assert set(house.table("places")) == {("New",), ("Old",)}


def test_the_last_line_of_a_key_wins_whichever_chunk_comes_first(warehouse: OpenWarehouse) -> None:
    """G4: inside a file the last line wins, and one superseded is counted per extra line."""
    house = warehouse(default_catalog())
    orders = list(permutations(range(3)))
    rows = [(*ANN[:3], "First"), (*ANN[:3], "Second"), BOB, BOB, CID, (*ANN[:3], "Third")]

    for load_id, order in enumerate(orders, start=1):
        file = people(load_id, *((f"{given} {load_id}", *rest) for given, *rest in rows))
        house.claim(file)
        parts = chunks(file, rows=2)
        house.deliver(manifest(file), *(parts[number] for number in order))

        assert house.accounts(load_id) == Accounts(read=6, inserted=3, superseded=3)
        assert house.table("people")[f"Ann {load_id}", *ANN[1:3]] == Row(
            (f"Ann {load_id}", *ANN[1:3], "Third"), (load_id, 7)
        )


def test_the_last_line_of_a_key_wins_inside_a_chunk(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())

    house.load(people(1, (*ANN[:3], "First"), BOB, (*ANN[:3], "Second")))

    assert house.accounts(1) == Accounts(read=3, inserted=2, superseded=1)
    assert house.table("people")[ANN[:3]] == Row((*ANN[:3], "Second"), (1, 4))


def test_a_person_may_come_before_the_place(warehouse: OpenWarehouse) -> None:
    """G3: the place is an inferred member until its file states it, which counts as inserted."""
    house = warehouse(default_catalog())

    house.load(people(1, ANN, BOB))
    assert house.table("places")[("Ayr",)] == Row(("Ayr", None, None), (0, 0))
    assert house.column("places", "_inferred") == [True, True]

    house.load(places(2, ("Ayr", "Ayrshire", "Scotland")))
    assert house.accounts(2) == Accounts(read=1, inserted=1)
    assert house.table("places")[("Ayr",)] == Row(("Ayr", "Ayrshire", "Scotland"), (2, 2))
    assert house.column("places", "_inferred") == [False, True]


def test_a_place_that_is_stated_stays_stated_when_people_refer_to_it(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.load(places(1, ("Ayr", "Ayrshire", "Scotland")))

    house.load(people(2, ANN, BOB))

    assert house.table("places")[("Ayr",)] == Row(("Ayr", "Ayrshire", "Scotland"), (1, 2))
    assert house.column("places", "_inferred") == [False, True]


def test_an_older_places_file_fills_in_a_place_that_newer_people_made_known(warehouse: OpenWarehouse) -> None:
    """No load has asserted an inferred member: any real drop wins."""
    house = warehouse(default_catalog())
    older, newer = places(1, ("Ayr", "Ayrshire", "Scotland")), people(2, ANN)
    house.claim(older, newer)

    house.deliver(*messages(newer), *messages(older))

    assert house.accounts(1) == Accounts(read=1, inserted=1)
    assert house.tables() == modelled(house, older, newer).tables


def test_values_are_compared_byte_by_byte_and_null_is_a_value(warehouse: OpenWarehouse) -> None:
    house = warehouse(forgiving_people_and_places())
    changes = {
        "nothing becomes a value": ("", "Ayrshire"),
        "a value becomes nothing": ("Ayrshire", ""),
        "another case": ("Ayrshire", "ayrshire"),
        "a blank at the end": ("Ayrshire", "Ayrshire "),
        "equal to the eye": ("é", "e\u0301"),
    }
    before = places(1, ("same", "é", ""), *((city, old, "") for city, (old, _) in changes.items()))
    after = places(2, ("same", "é", ""), *((city, new, "") for city, (_, new) in changes.items()))

    house.load(before, after)

    assert house.accounts(2) == Accounts(read=6, updated=5, unchanged=1)
    assert house.tables() == modelled(house, before, after).tables


def test_a_reference_without_a_value_refers_to_nothing(warehouse: OpenWarehouse) -> None:
    house = warehouse(forgiving_people_and_places())

    house.load(people(1, (*ANN[:3], ""), BOB))

    assert house.table("people")[ANN[:3]].values == (*ANN[:3], None)
    assert set(house.table("places")) == {("Bath",)}


def test_bad_rows_are_rejected_and_hold_back_no_good_one(warehouse: OpenWarehouse) -> None:
    """G7: each is counted once, with its line, column and code."""
    house = warehouse(default_catalog())
    bad_date, empty, narrow = ("Bad", "Date", "1901-02-30", "Ayr"), ("", "Fox", "never", ""), ("Too", "few")
    file = people(1, ANN, bad_date, BOB, empty, narrow, CID)

    house.load(file, rows=2)

    assert house.accounts(1) == Accounts(read=6, inserted=3, rejected=3)
    assert [(reject.line, reject.column, reject.code) for reject in house.rejects()] == [
        (3, "date_of_birth", "type-error"),
        (5, "given_name", "constraint-error"),
        (6, "", "missing-cell"),
    ]
    assert house.rejects() == modelled(house, file).rejects


def test_a_corrected_line_dropped_again_heals_the_load(warehouse: OpenWarehouse) -> None:
    """G7."""
    house = warehouse(default_catalog())
    house.load(people(1, ANN, ("Bob", "Birch", "20.06.1837", "Bath")))

    house.load(people(2, ANN, BOB))

    assert house.accounts(2) == Accounts(read=2, inserted=1, unchanged=1)


def test_a_file_of_bad_rows_only_completes(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())

    house.load(people(1, ("x",), ("y",)))

    assert house.accounts(1) == Accounts(read=2, rejected=2)
    assert house.book(1).state == "complete"


def test_a_dataset_may_be_nothing_but_its_key(warehouse: OpenWarehouse) -> None:
    house = warehouse(key_only())
    first = dropped(1, "pairs", "one,other", ("a", "b"), ("b", "a"), ("a", "b"))
    again = dropped(2, "pairs", "other,one", ("b", "a"), ("c", "a"))

    house.load(first, again)

    assert house.accounts(1) == Accounts(read=3, inserted=2, superseded=1)
    assert house.accounts(2) == Accounts(read=2, inserted=1, unchanged=1)
    assert house.tables() == modelled(house, first, again).tables


def test_references_may_be_of_several_columns(warehouse: OpenWarehouse) -> None:
    """In the order of the key, which need not be that of the columns; with a NULL among them they refer to nothing."""
    house = warehouse(composite_references())
    shops = dropped(1, "shops", "shop,region,land", ("A", "1", "X"), ("B", "1", "Y"), ("C", "", "X"), ("D", "2", ""))
    regions = dropped(2, "regions", "code,country,name", ("1", "X", "North"), ("X", "1", "Swapped"))

    house.load(shops, regions)

    assert house.accounts(2) == Accounts(read=2, inserted=2)
    assert set(house.table("regions")) == {("X", "1"), ("Y", "1"), ("1", "X")}
    assert house.tables() == modelled(house, shops, regions).tables


def test_an_inferred_member_brings_what_its_key_refers_to(warehouse: OpenWarehouse) -> None:
    house = warehouse(reference_in_key())
    desks = dropped(1, "desks", "desk,building,number,owner_building", ("1", "Main", "7", "Annex"), ("2", "", "7", ""))
    rooms = dropped(2, "rooms", "building,number,colour", ("Main", "7", "red"), ("Shed", "1", "blue"))

    house.load(desks, rooms)

    assert set(house.table("buildings")) == {("Main",), ("Annex",), ("Shed",)}
    assert house.tables() == modelled(house, desks, rooms).tables


def test_a_dataset_may_refer_to_itself(warehouse: OpenWarehouse) -> None:
    """A manager may come before, after, in the same chunk or never, and may be their own manager."""
    house = warehouse(reference_to_itself())
    first = dropped(1, "staff", "name,manager,room", ("Ann", "Bob", "1"), ("Bob", "Zoe", "2"), ("Cid", "Cid", "3"))
    second = dropped(2, "staff", "name,manager,room", ("Dan", "Ann", ""), ("Bob", "", "2"), ("Cid", "Cid", "3"))

    house.load(first, second, rows=2)

    assert house.accounts(1) == Accounts(read=3, inserted=3)
    assert house.accounts(2) == Accounts(read=3, inserted=1, updated=1, unchanged=1)
    assert house.column("staff", "_inferred") == [False, False, False, False, True]
    assert house.tables() == modelled(house, first, second).tables


@pytest.mark.parametrize("type_name", BOUNDARIES)
def test_values_of_each_type_come_back_equal(warehouse: OpenWarehouse, type_name: TypeName) -> None:
    """As values and NULL; and dropped again, the database finds them equal itself."""
    house = warehouse(every_type())
    rows = [(str(number), value) for number, value in enumerate((*BOUNDARIES[type_name], ""))]
    files = [dropped(load_id, "things", f"id,{COLUMN_OF_TYPE[type_name]}", *rows) for load_id in (1, 2)]

    house.load(*files)

    assert house.tables() == modelled(house, *files).tables
    assert house.accounts(1) == Accounts(read=len(rows), inserted=len(rows))
    assert house.accounts(2) == Accounts(read=len(rows), unchanged=len(rows))


@pytest.mark.parametrize("type_name", BOUNDARIES)
def test_keys_of_each_type_stay_distinct_and_are_found_again(warehouse: OpenWarehouse, type_name: TypeName) -> None:
    house = warehouse(typed_keys(type_name=type_name))
    rows = [(value, f"number {number}") for number, value in enumerate(BOUNDARIES[type_name])]
    files = [dropped(load_id, "things", "id,label", *rows) for load_id in (1, 2)]

    house.load(*files)

    assert house.tables() == modelled(house, *files).tables
    assert house.accounts(1) == Accounts(read=len(rows), inserted=len(rows))
    assert house.accounts(2) == Accounts(read=len(rows), unchanged=len(rows))


def test_the_smallest_difference_is_an_update(warehouse: OpenWarehouse) -> None:
    """The last digit beyond what a double can tell, the 65th digit of a decimal, a day, a microsecond."""
    house = warehouse(every_type())
    header = "id,amount,price,born,seen,alive"
    old = ["9007199254740992", "9" * 35 + "." + "1" * 30, "1837-06-20", "2024-01-01T00:00:00", "no"]
    new = ["9007199254740993", "9" * 35 + "." + "1" * 29 + "2", "1837-06-21", "2024-01-01T00:00:00.000001", "yes"]
    changed = [(str(number), *old[:number], new[number], *old[number + 1 :]) for number in range(len(new))]
    before = dropped(1, "things", header, *((str(number), *old) for number in range(6)))
    after = dropped(2, "things", header, *changed, ("5", *old))

    house.load(before, after)

    assert house.accounts(2) == Accounts(read=6, updated=5, unchanged=1)
    assert house.tables() == modelled(house, before, after).tables


def test_a_chunk_costs_the_same_statements_whatever_its_size(warehouse: OpenWarehouse) -> None:
    """A chunk is merged by a few statements, not row by row."""
    house = warehouse(default_catalog())
    small, large = (people(n, *((f"{n} {i}", "X", "1901-02-03", f"{n}") for i in range(n))) for n in (2, 500))
    house.claim(small, large)

    with counted_statements(house.database) as few:
        house.deliver(*chunks(small))
    with counted_statements(house.database) as many:
        house.deliver(*chunks(large))

    assert many == few
    assert len(few) < 12


def test_what_a_failed_insert_left_is_undone_before_anything_else_is_done(warehouse: OpenWarehouse) -> None:
    """A server may undo only the statement; in a cluster its rows would go to the other nodes all the same."""
    house = warehouse(default_catalog())
    house.load(people(1, CID))
    file = people(2, ANN, BOB, CID)
    house.claim(file)
    first, second = chunks(file, rows=2)
    # All of it is new: so is the next chunk, as the writer expects.
    house.deliver(first)

    with counted_statements(house.database) as seen:
        house.deliver(second)

    inserts = ("INSERT INTO `people`", 'INSERT INTO "people"')
    failed = next(place for place, statement in enumerate(seen) if statement.startswith(inserts))
    assert seen[failed - 1].startswith("SAVEPOINT")
    assert seen[failed + 1].startswith("ROLLBACK TO SAVEPOINT")
    house.deliver(manifest(file))
    assert house.accounts(2) == Accounts(read=3, inserted=2, unchanged=1)


def test_a_writer_waits_only_for_the_rows_of_its_own_chunk(server_warehouse: OpenWarehouse) -> None:
    """However small the server takes the table for: it must not scan it, and stop at another writer's rows.

    It did: with few rows in a table, both servers read all of it for each chunk, and eight first writers stood in line.
    """
    house = server_warehouse(default_catalog())
    house.load(people(1, ANN, BOB))
    house.claim(people(2), people(3))

    with house.second_session() as other:
        other.execute(text("SELECT * FROM people WHERE given_name = 'Ann' AND family_name = 'Ash' FOR UPDATE"))
        other.execute(text("SELECT * FROM places WHERE city = 'Ayr' FOR UPDATE"))
        quick = house.impatient_database()
        house.new_writer(quick).handle(body(chunks(people(2, BOB, CID))[0]))
        house.new_writer(quick).handle(body(chunks(people(3, (*BOB[:3], "Cork")))[0]))
        quick.close()

    assert house.table("people")[BOB[:3]].values == (*BOB[:3], "Cork")


@contextmanager
def counted_statements(database: Database) -> Iterator[list[str]]:
    seen: list[str] = []

    def count(_connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(database._engine, "before_cursor_execute", count)
    yield seen
    event.remove(database._engine, "before_cursor_execute", count)
