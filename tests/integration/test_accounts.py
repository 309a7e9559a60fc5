"""A load's counts equal the differences of the table before and after it, if no other load overlaps it."""

import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from itertools import permutations
from threading import Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from shared.messaging.delivery import Answer, Handler, Patience, settle
from shared.messaging.payloads import Payload
from shared.model.datasets import Catalog, TypeName
from shared.storage.database import Database
from shared.storage.kept_counts import kept_counts
from tests.integration.conftest import OpenWarehouse
from tests.integration.test_merge import BOUNDARIES
from tests.support.catalogs import (
    COLUMN_OF_TYPE,
    every_type,
    forgiving_people_and_places,
    key_only,
    reference_to_itself,
    typed_keys,
)
from tests.support.counts import kept_rows, rows_by, with_all_counts
from tests.support.deliveries import Warehouse, body, chunks, dropped, manifest, messages
from tests.support.model import Accounts, DroppedFile, Model

Cells = tuple[str, ...]
#: What a load of a dataset may say: its header, and for each column the texts to choose from.
Choices = tuple[str, Sequence[Sequence[str]]]

PLACES = "city,county,country"
WRITERS = 3
LOADS, LOADS_ON_A_SERVER = 4, 15

#: Few keys, so that each comes several times, written in all ways that mean the same; few values, so that they return.
DATASETS: dict[Callable[[], Catalog], dict[str, Choices]] = {
    every_type: {
        "things": (
            "id,label,amount,price,born,seen,alive",
            (
                ("1", "01", " +1", "2", "-3", "one"),
                ("NULL", ""),
                ("1", "+01"),
                ("0.5", "0.50", "-1"),
                ("1999-12-31", " 1999-12-31"),
                ("2024-01-01T00:00:00", "2024-01-01 00:00", "2024-01-01T01:00:00+01:00"),
                ("yes", "TRUE"),
            ),
        )
    },
    forgiving_people_and_places: {
        "places": (PLACES, (("Ayr", "Cork", "cork"), ("", "Down"), ("", "Eire", "Down"))),
        "people": (
            "given_name,family_name,date_of_birth,place_of_birth",
            (("Ann", "ann"), ("Ash",), ("1901-02-03", "1901-02-30"), ("Ayr", "Cork", "")),
        ),
    },
    reference_to_itself: {"staff": ("name,manager,room", (("Ann", "Bob", "Cid"), ("Ann", "Bob", ""), ("1", "2")))},
    key_only: {"pairs": ("one,other", (("a", "b"), ("a", "b")))},
}


def some_load(chance: random.Random, load_id: int, datasets: dict[str, Choices]) -> DroppedFile:
    name, (header, choices) = chance.choice(list(datasets.items()))
    rows = [[chance.choice(texts) for texts in choices] for _ in range(chance.randint(1, 12))]
    return dropped(load_id, name, header, *rows)


def some_arrival(chance: random.Random, file: DroppedFile) -> list[Payload]:
    """All messages of a load, cut anywhere, some of them twice, in any order."""
    once = messages(file, rows=chance.randint(1, 4))
    again = chance.choices(once, k=chance.randint(0, 3))
    return chance.sample([*once, *again], len(once) + len(again))


def check_load(house: Warehouse, model: Model, file: DroppedFile, deliver: Callable[[DroppedFile], None]) -> None:
    """Load a file, and compare its accounts with those of the model, which reads it in one piece."""
    house.claim(file)
    deliver(file)

    assert house.accounts(file.load_id) == model.drop(file)
    assert house.tables() == model.tables
    for count in kept_counts(house.catalog):
        wanted = rows_by(house.catalog.datasets[count.dataset], model.tables[count.dataset].values(), count.columns)
        with house.database.transaction() as connection:
            assert kept_rows(connection, house.schema, count) == wanted, str(count)


def check_any_loads(house: Warehouse, chance: random.Random, datasets: dict[str, Choices]) -> None:
    """Load some files, one after the other; writers take their messages in turns."""
    writers = [house.new_writer(house.database) for _ in range(WRITERS)]
    model = Model(house.catalog)

    def deliver(file: DroppedFile) -> None:
        for payload in some_arrival(chance, file):
            chance.choice(writers).handle(body(payload))
            assert min(counts_of(house.accounts(file.load_id))) >= 0

    for load_id in range(1, LOADS + 1):
        check_load(house, model, some_load(chance, load_id, datasets), deliver)


def counts_of(accounts: Accounts) -> tuple[int, ...]:
    return (accounts.inserted, accounts.updated, accounts.unchanged, accounts.superseded, accounts.rejected)


@pytest.mark.parametrize("catalog", DATASETS)
@settings(max_examples=30, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_a_load_counts_its_rows_as_an_observer_does_whatever_order_its_chunks_come_in(
    catalog: Callable[[], Catalog], chance: random.Random
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Warehouse(f"sqlite:///{folder}/inflow.db", with_all_counts(catalog()))) as house,
    ):
        check_any_loads(house, chance, DATASETS[catalog])


@contextmanager
def handlers_of(house: Warehouse) -> Iterator[Sequence[Handler]]:
    """Give writers, each with connections of its own."""
    with ExitStack() as opened:
        databases = [opened.enter_context(closing(Database(make_url(house.url)))) for _ in range(WRITERS)]
        yield [house.new_writer(database).handle for database in databases]


def deliver_side_by_side(handlers: Sequence[Handler], payloads: Sequence[Payload]) -> None:
    """Let writers work at the same time, on messages that were dealt to them one by one."""

    def handle(number: int) -> None:
        for payload in payloads[number :: len(handlers)]:
            assert settle(handlers[number], body(payload), stop=Event(), patience=Patience()).outcome is Answer.ACK

    with ThreadPoolExecutor(len(handlers)) as pool:
        list(pool.map(handle, range(len(handlers))))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("catalog", DATASETS)
def test_a_load_counts_its_rows_as_an_observer_does_on_a_server(
    server_warehouse: OpenWarehouse, catalog: Callable[[], Catalog], seed: int
) -> None:
    house = server_warehouse(with_all_counts(catalog()))
    model, chance = Model(house.catalog), random.Random(seed)

    with handlers_of(house) as handlers:
        for load_id in range(1, LOADS_ON_A_SERVER + 1):
            file = some_load(chance, load_id, DATASETS[catalog])
            check_load(house, model, file, lambda file: deliver_side_by_side(handlers, some_arrival(chance, file)))


def places(load_id: int, *rows: Cells) -> DroppedFile:
    return dropped(load_id, "places", PLACES, *rows)


def load_in_any_order(house: Warehouse, before: Sequence[Cells], lines: Sequence[Cells]) -> Iterator[Accounts]:
    """Load `before`, and then `lines` in chunks of one row; give the accounts for each order in which these may arrive.

    Each order has keys of its own: the first cells, with its number.
    """
    for number, order in enumerate(permutations(range(len(lines)))):
        first, second = 2 * number + 1, 2 * number + 2
        house.load(places(first, *((f"{city} {number}", *rest) for city, *rest in before)))
        file = places(second, *((f"{city} {number}", *rest) for city, *rest in lines))
        house.claim(file)
        parts = chunks(file, rows=1)
        house.deliver(*(parts[place] for place in order), manifest(file))
        yield house.accounts(second)


V0, A, B, C = ("Ayr", "Down", "Eire"), ("Ayr", "a", "Eire"), ("Ayr", "Down", "b"), ("Ayr", "c", "c")


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        pytest.param([V0, A], "updated", id="a later line changes the row"),
        pytest.param([A, V0], "unchanged", id="a later line changes it back"),
        pytest.param([A, B], "updated", id="both lines change it"),
        pytest.param([V0, V0], "unchanged", id="none does"),
        pytest.param([A, V0, B], "updated", id="back and away again"),
        pytest.param([V0, A, V0], "unchanged", id="away and back"),
        pytest.param([A, B, C], "updated", id="three other values"),
        pytest.param([A, V0, B, V0], "unchanged", id="back twice"),
    ],
)
def test_what_a_key_counts_as_is_between_its_last_line_and_the_table_before(
    warehouse: OpenWarehouse, lines: list[Cells], outcome: str
) -> None:
    house = warehouse(forgiving_people_and_places())
    wanted = Accounts(read=len(lines), superseded=len(lines) - 1, **{outcome: 1})

    assert set(load_in_any_order(house, [V0], lines)) == {wanted}


@pytest.mark.parametrize("lines", [[A, B], [A, B, A], [V0, V0, A]])
def test_what_a_load_inserts_stays_inserted_whatever_its_later_lines_say(
    warehouse: OpenWarehouse, lines: list[Cells]
) -> None:
    house = warehouse(forgiving_people_and_places())

    assert set(load_in_any_order(house, [], lines)) == {
        Accounts(read=len(lines), inserted=1, superseded=len(lines) - 1)
    }


def test_an_inferred_member_counts_as_absent(warehouse: OpenWarehouse) -> None:
    house = warehouse(forgiving_people_and_places())
    house.load(
        dropped(1, "people", "given_name,family_name,date_of_birth,place_of_birth", ("A", "B", "1901-02-03", "Ayr"))
    )

    house.load(places(2, ("Ayr", "", ""), A, ("Ayr", "", "")), rows=1)

    assert house.accounts(2) == Accounts(read=3, inserted=1, superseded=2)


def test_each_load_looks_at_the_table_before_itself(warehouse: OpenWarehouse) -> None:
    """What an earlier load found before itself counts for nothing."""
    house = warehouse(forgiving_people_and_places())
    house.load(places(1, V0), places(2, A), places(3, A))

    house.load(places(4, B, A), places(5, B, V0), rows=1)

    assert house.accounts(4) == Accounts(read=2, unchanged=1, superseded=1)
    assert house.accounts(5) == Accounts(read=2, updated=1, superseded=1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(("Ayr", "", "a"), ("Ayr", "NULL", "a"), id="NULL and a text"),
        pytest.param(("Ayr", "", "a"), ("Ayr", "a", ""), id="NULL in another column"),
        pytest.param(("Ayr", "a','b", "c"), ("Ayr", "a", "b','c"), id="quotes and commas"),
        pytest.param(("Ayr", "a\\", "b"), ("Ayr", "a", "\\b"), id="backslashes"),
        pytest.param(("Ayr", "a'", "b"), ("Ayr", "a", "'b"), id="a quote"),
        pytest.param(("Ayr", "a", "b "), ("Ayr", "a", "b"), id="a blank at the end"),
        pytest.param(("Ayr", "José", "b"), ("Ayr", "Jose\u0301", "b"), id="equal to the eye"),
    ],
)
def test_values_that_are_not_those_before_are_told_from_them(
    warehouse: OpenWarehouse, before: Cells, after: Cells
) -> None:
    house = warehouse(forgiving_people_and_places())
    house.load(places(1, before))

    house.load(places(2, C, after), places(3, C, after), rows=1)

    assert house.accounts(2) == Accounts(read=2, updated=1, superseded=1)
    assert house.accounts(3) == Accounts(read=2, unchanged=1, superseded=1)


@pytest.mark.parametrize("type_name", BOUNDARIES)
def test_values_of_each_type_are_known_again(warehouse: OpenWarehouse, type_name: TypeName) -> None:
    """Whether it is the table that has them or the message."""
    house = warehouse(every_type())
    values = (*BOUNDARIES[type_name], "")
    rows = [(str(number), value) for number, value in enumerate(values)]
    others = [(number, values[place - 1]) for place, (number, _) in enumerate(rows)]
    header = f"id,{COLUMN_OF_TYPE[type_name]}"
    house.load(dropped(1, "things", header, *rows))

    house.load(
        dropped(2, "things", header, *others, *rows), dropped(3, "things", header, *rows, *others), rows=len(rows)
    )

    assert house.accounts(2) == Accounts(read=2 * len(rows), unchanged=len(rows), superseded=len(rows))
    assert house.accounts(3) == Accounts(read=2 * len(rows), updated=len(rows), superseded=len(rows))


@pytest.mark.parametrize("type_name", BOUNDARIES)
def test_keys_of_each_type_are_those_of_their_values(warehouse: OpenWarehouse, type_name: TypeName) -> None:
    house = warehouse(typed_keys(type_name=type_name))
    keys = BOUNDARIES[type_name]
    first, second = ([(key, label) for key in keys] for label in ("a", "b"))
    house.load(dropped(1, "things", "id,label", *first))

    house.load(dropped(2, "things", "id,label", *second, *first), rows=len(keys))

    assert house.accounts(2) == Accounts(read=2 * len(keys), unchanged=len(keys), superseded=len(keys))
