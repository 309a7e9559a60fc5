"""Rows that the database itself refuses are found among the others and become rejects, with its error messages."""

from collections.abc import Iterable
from itertools import permutations

import pytest
from sqlalchemy import select, text

from shared.model.errors import DatabaseRefused, RowsRefused
from shared.storage.kept_counts import kept_counts
from tests.integration.conftest import OpenWarehouse
from tests.support.catalogs import default_catalog
from tests.support.counts import kept_rows, rows_by
from tests.support.deliveries import Warehouse, chunks, dropped, manifest, messages
from tests.support.model import Accounts, DroppedFile, Model
from tests.support.triggers import forbid

PEOPLE = "given_name,family_name,date_of_birth,place_of_birth"
Row = tuple[str, ...]


def person(number: int, place: str = "Weir") -> Row:
    return (f"Given {number:03}", "Stone", "1900-01-01", place)


def people(load_id: int, *rows: Row) -> DroppedFile:
    return dropped(load_id, "people", PEOPLE, *rows)


def run(house: Warehouse, *statements: str) -> None:
    with house.database.transaction() as connection:
        for statement in statements:
            connection.execute(text(statement))


def rejected(house: Warehouse) -> list[tuple[int, str]]:
    return [(reject.line, reject.code) for reject in house.rejects()]


def check_tables(house: Warehouse, files: Iterable[DroppedFile], *, without: Iterable[Row]) -> None:
    """Tables and kept counts are those of the files without the rows that were refused."""
    refused = set(without)
    model = Model(house.catalog)
    for file in files:
        kept = {line: cells for line, cells in file.rows.items() if cells not in refused}
        model.drop(DroppedFile(load_id=file.load_id, dataset=file.dataset, header=file.header, rows=kept))
    assert house.tables() == model.tables
    for count in kept_counts(house.catalog):
        dataset = house.catalog.datasets[count.dataset]
        wanted = rows_by(dataset, model.tables[count.dataset].values(), count.columns)
        with house.database.transaction() as connection:
            found = kept_rows(connection, house.schema, count)
        assert {key: number for key, number in found.items() if number} == dict(wanted)


@pytest.mark.parametrize("bad", [(0,), (63,), (31, 32), (5, 6, 7, 40), tuple(range(64))])
def test_just_the_refused_rows_are_rejected(warehouse: OpenWarehouse, bad: tuple[int, ...]) -> None:
    house = warehouse(default_catalog())
    forbid(house, "people", "NEW.place_of_birth = 'Ys'")
    rows = [person(number, "Ys" if number in bad else "Weir") for number in range(64)]
    file = people(1, *rows)

    house.load(file)

    assert house.accounts(1) == Accounts(read=64, inserted=64 - len(bad), rejected=len(bad))
    assert rejected(house) == [(number + 2, "constraint-error") for number in bad]
    assert house.completed_loads() == [1]
    check_tables(house, [file], without=[rows[number] for number in bad])


def test_a_reject_has_the_words_of_the_database_and_the_row(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    forbid(house, "people", "NEW.place_of_birth = 'Ys'")

    house.load(people(1, person(1), ('O"Neil', "Stone, Jr", "1900-01-01", "Ys")))

    with house.database.transaction() as connection:
        row = connection.execute(select(house.schema.rejects)).one()
    assert (row.line, row.column_name, row.code) == (3, None, "constraint-error")
    assert row.message == "the database refuses the row: not here"
    assert row.raw == '"O""Neil","Stone, Jr",1900-01-01,Ys'


def test_rows_that_it_will_not_have_updated_are_rejected_too(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    first, second = (
        people(1, *(person(number) for number in range(9))),
        people(2, *(person(number, "Ys" if number == 4 else "Ayr") for number in range(9))),
    )
    house.load(first)
    forbid(house, "people", "NEW.place_of_birth = 'Ys'")

    house.load(second)

    assert house.accounts(2) == Accounts(read=9, updated=8, rejected=1)
    check_tables(house, [first, second], without=[person(4, "Ys")])


def test_a_row_is_rejected_if_the_row_that_it_refers_to_is_refused(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    forbid(house, "places", "NEW.city = 'Ys'")
    file = people(1, person(1), person(2, "Ys"), person(3))

    house.load(file)

    assert house.accounts(1) == Accounts(read=3, inserted=2, rejected=1)
    check_tables(house, [file], without=[person(2, "Ys")])


def test_rejects_of_both_kinds_are_counted_once_each(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    forbid(house, "people", "NEW.place_of_birth = 'Ys'")

    house.load(people(1, person(1), ("too", "few"), person(2, "Ys"), person(3)))

    assert house.accounts(1) == Accounts(read=4, inserted=2, rejected=2)
    assert rejected(house) == [(3, "missing-cell"), (4, "constraint-error")]


@pytest.mark.parametrize("chunk_rows", [1, 9])
def test_of_the_lines_of_a_key_the_last_accepted_one_wins(warehouse: OpenWarehouse, chunk_rows: int) -> None:
    """G4: a row that the database refuses is as one that can't be typed."""
    house = warehouse(default_catalog())
    forbid(house, "people", "NEW.place_of_birth = 'Ys'")
    file = people(1, person(1, "Ayr"), person(1, "Bath"), person(1, "Ys"), person(2))

    house.load(file, rows=chunk_rows)

    assert rejected(house) == [(4, "constraint-error")]
    assert house.table("people")[person(1)[:3]].values[3] == "Bath"
    assert house.accounts(1).balance


def test_a_superseded_line_is_not_tried_though_its_neighbours_are_refused(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    forbid(house, "people", "NEW.place_of_birth = 'Ys'")

    house.load(people(1, person(1, "Ys"), person(2, "Ys"), person(3), person(1, "Ayr")))

    assert house.accounts(1) == Accounts(read=4, inserted=2, superseded=1, rejected=1)
    assert rejected(house) == [(3, "constraint-error")]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5])
def test_neither_order_nor_repetition_of_chunks_matters(warehouse: OpenWarehouse, order: tuple[int, ...]) -> None:
    """G2, G3"""
    house = warehouse(default_catalog())
    forbid(house, "people", "NEW.place_of_birth = 'Ys'")
    rows = [person(number, "Ys" if number % 5 == 0 else "Weir") for number in range(12)]
    file = people(1, *rows)
    house.claim(file)
    payloads = messages(file, rows=4)

    for place in order:
        house.deliver(payloads[place], payloads[place])

    assert house.accounts(1) == Accounts(read=12, inserted=9, rejected=3)
    assert house.completed_loads() == [1]
    check_tables(house, [file], without=[row for row in rows if row[3] == "Ys"])


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_a_load_counts_the_lines_that_are_taken_as_if_there_were_no_others(
    warehouse: OpenWarehouse, order: tuple[int, ...]
) -> None:
    """A chunk with refused rows is merged in several steps, and each may correct what an earlier chunk counted."""
    house = warehouse(default_catalog())
    before = people(1, person(1, "Ayr"), person(2, "Ayr"), person(3, "Ayr"))
    house.load(before)
    forbid(house, "people", "NEW.place_of_birth = 'Ys'")
    first = [person(1, "Bath"), person(2, "Bath"), person(3, "Bath")]
    second = [person(1, "Ayr"), person(2, "Ayr"), person(1, "Ys")]
    third = [person(3, "Ys"), person(4, "Ys"), person(5, "Ayr")]
    file = people(2, *first, *second, *third)
    house.claim(file)
    parts = chunks(file, rows=3)

    house.deliver(*(parts[place] for place in order), manifest(file))

    assert house.accounts(2) == Accounts(read=9, inserted=1, updated=1, unchanged=2, superseded=2, rejected=3)
    check_tables(house, [before, file], without=[row for row in file.rows.values() if row[3] == "Ys"])


def test_a_unique_key_added_by_a_user_is_a_constraint(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    run(house, "CREATE UNIQUE INDEX one_per_place ON people (place_of_birth)")

    house.load(people(1, person(1, "Ayr"), person(2, "Bath"), person(3, "Ayr"), person(4, "Cork")))

    assert house.accounts(1) == Accounts(read=4, inserted=3, rejected=1)
    assert rejected(house) == [(4, "constraint-error")]


def test_a_check_added_by_a_user_is_a_constraint(server_warehouse: OpenWarehouse) -> None:
    """SQLite can't add one to a table."""
    house = server_warehouse(default_catalog())
    run(house, "ALTER TABLE people ADD CONSTRAINT modern CHECK (date_of_birth > '1850-01-01')")
    old = ("Old", "Stone", "1800-01-01", "Weir")
    file = people(1, person(1), old, person(2))

    house.load(file)

    assert house.accounts(1) == Accounts(read=3, inserted=2, rejected=1)
    check_tables(house, [file], without=[old])


def test_what_no_row_is_to_blame_for_is_not_blamed_on_rows(warehouse: OpenWarehouse) -> None:
    """Refused is the rejects' own table: the chunk goes to the dead letters, with nothing left behind."""
    house = warehouse(default_catalog())
    forbid(house, "inflow_chunks", "NEW.load_id = 1")
    file = people(1, person(1))
    house.claim(file)

    with pytest.raises(RowsRefused, match="not here"):
        house.deliver(chunks(file)[0])
    house.deliver(manifest(file))

    assert house.row_counts()["people"] == house.row_counts()["inflow_rejects"] == 0
    assert issubclass(RowsRefused, DatabaseRefused)
