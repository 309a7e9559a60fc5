"""The ledger of loads: numbers that grow, states that go forward only, and what still waits."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection

from shared.operations.unresolved_references import Waiting, waiting_references
from shared.runtime.clock import utc_now
from shared.runtime.lifecycle import retry
from shared.storage.ledger import completions, load_reasons, load_states, registration, waiting_files
from shared.storage.ledger.loads import Load, ReadAs, State
from shared.storage.ledger.waiting_files import WaitingFile
from shared.storage.schema.schema import Schema
from tests.integration.conftest import OpenWarehouse
from tests.support.catalogs import composite_references, default_catalog, reference_in_key
from tests.support.deliveries import Warehouse, dropped
from tests.support.model import DroppedFile

PEOPLE = "given_name,family_name,date_of_birth,place_of_birth"
PLACES = "city,county,country"
FILE = dropped(1, "people", PEOPLE, ("Ann", "Ash", "1901-02-03", "Ayr"), ("Bob", "Birch", "1837-06-20", "Bath"))

Step = Callable[[Connection, Schema], None]


READ_AS = ReadAs(feed="places*.csv .csv", manner=None, description="csv", confidence=1.0)


def enter(house: Warehouse, *steps: Step) -> Load:
    """Take steps in the ledger, each in a transaction of its own; return load 1."""
    for step in steps:
        with house.database.transaction() as connection:
            step(connection, house.schema)
    return house.book(1)


def reading(connection: Connection, schema: Schema) -> None:
    load_states.mark_reading(connection, schema, 1, header=["city", "née", 'a"b'], ignored=["née"], read_as=READ_AS)


def published(connection: Connection, schema: Schema) -> None:
    load_states.mark_published(connection, schema, 1, fingerprint="0f", lines={"lines": 3})


def refused(connection: Connection, schema: Schema) -> None:
    load_states.mark_refused(connection, schema, 1, reason="missing-label", message="the header lacks 'city'")


def archived(connection: Connection, schema: Schema) -> None:
    load_states.mark_archived(connection, schema, [1])


def explained(connection: Connection, schema: Schema) -> None:
    load_reasons.explain(connection, schema, [1], "broker-unavailable", "RabbitMQ is away")


def numbers(house: Warehouse, *, count: int, floor: int = 0) -> list[int]:
    """Reserve load numbers, again where another one was quicker."""

    def reserve() -> list[int]:
        with house.database.transaction() as connection:
            return list(registration.reserve_numbers(connection, house.schema, count=count, floor=floor))

    return retry(reserve, stop=threading.Event())


def waiting(house: Warehouse, *load_ids: int) -> dict[int, Waiting]:
    with house.database.transaction() as connection:
        return dict(waiting_references(connection, house.store, load_ids or None))


def test_references_wait_by_the_keys_order_whatever_that_of_the_columns(warehouse: OpenWarehouse) -> None:
    house = warehouse(composite_references())

    house.load(dropped(1, "shops", "shop,region,land", ("Smith", "N", "IE"), ("Jones", "N", "IE")))

    assert waiting(house) == {1: Waiting(rows=2, members=1)}


def test_load_numbers_only_grow_and_pass_those_seen_in_the_folders(warehouse: OpenWarehouse) -> None:
    """A database that was lost or restored must not give a number twice: the folders still know it."""
    house = warehouse(default_catalog())

    assert numbers(house, count=2) == [1, 2]
    assert numbers(house, count=2, floor=1) == [3, 4]
    assert numbers(house, count=1, floor=100) == [101]
    assert numbers(house, count=2, floor=50) == [102, 103]


def test_a_load_number_is_given_out_once(warehouse: OpenWarehouse) -> None:
    """Also the very first one, by watchers that ask at the same moment."""
    house = warehouse(default_catalog())

    with ThreadPoolExecutor(8) as watchers:
        given = watchers.map(lambda _: numbers(house, count=3), range(16))

    assert sorted(number for some in given for number in some) == list(range(1, 49))


def test_a_load_that_is_entered_again_stays_as_it_is(warehouse: OpenWarehouse) -> None:
    """The watcher enters what it finds in processing/ whenever it starts."""
    house = warehouse(default_catalog())
    house.load(FILE)
    before = house.book(1)

    house.claim(FILE)

    assert house.book(1) == before


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        pytest.param([], "claimed", id="claimed"),
        pytest.param([reading], "reading", id="its header fits"),
        pytest.param([reading, published], "published", id="all is in the broker"),
        pytest.param([reading, published, reading], "reading", id="published again from the start"),
        pytest.param([refused], "refused", id="refused"),
        pytest.param([refused, reading, published], "refused", id="a refused file stays refused"),
        pytest.param([archived], "claimed", id="nothing is archived before it is complete"),
    ],
)
def test_an_open_load_has_the_state_of_its_last_step(warehouse: OpenWarehouse, steps: list[Step], state: State) -> None:
    house = warehouse(default_catalog())
    house.claim(FILE)

    assert enter(house, *steps).state == state


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        pytest.param([reading, published], "complete", id="the watcher learns it late"),
        pytest.param([refused], "complete", id="it can't be refused any more"),
        pytest.param([archived], "archived", id="archived"),
        pytest.param([archived, reading, published, refused], "archived", id="archived stays archived"),
    ],
)
def test_a_complete_load_goes_forward_only(warehouse: OpenWarehouse, steps: list[Step], state: State) -> None:
    """Writers may be done before the watcher says that all is published."""
    house = warehouse(default_catalog())
    house.load(FILE)

    assert enter(house, *steps).state == state


def test_a_load_that_does_not_progress_says_why_until_it_does(warehouse: OpenWarehouse) -> None:
    """G10."""
    house = warehouse(default_catalog())
    house.claim(FILE)

    stuck = enter(house, reading, explained)
    assert (stuck.state, stuck.reason, stuck.message) == ("reading", "broker-unavailable", "RabbitMQ is away")

    moved = enter(house, published)
    assert (moved.state, moved.reason, moved.message) == ("published", None, None)


def dead_lettered(connection: Connection, schema: Schema) -> None:
    load_reasons.mark_dead_lettered(connection, schema, 1, "KeyError: 'city'")


def redriven(connection: Connection, schema: Schema) -> None:
    assert [load.load_id for load in load_reasons.redrive(connection, schema)] == [1]


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([reading, published, dead_lettered], id="published before"),
        pytest.param([reading, dead_lettered, published], id="published after"),
        pytest.param([reading, dead_lettered, explained, published], id="held back by something else, too"),
    ],
)
def test_a_dead_letter_holds_a_load_back_until_it_is_redriven(warehouse: OpenWarehouse, steps: list[Step]) -> None:
    house = warehouse(default_catalog())
    house.claim(FILE)

    dead = enter(house, *steps)
    assert (dead.state, dead.reason, dead.message) == ("published", "dead-lettered", "KeyError: 'city'")

    redriven_load = enter(house, redriven)
    assert (redriven_load.state, redriven_load.reason, redriven_load.message) == ("published", None, None)


def test_a_dead_letter_that_is_applied_releases_its_load(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.claim(FILE)
    enter(house, reading, published, dead_lettered)

    house.writer.mark_recovered(1)

    assert (house.book(1).state, house.book(1).reason, house.book(1).message) == ("published", None, None)


def test_what_else_holds_a_load_back_stays_when_a_dead_letter_is_applied(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.claim(FILE)
    enter(house, reading, explained)

    house.writer.mark_recovered(1)

    assert house.book(1).reason == "broker-unavailable"


def test_what_is_published_again_from_the_start_leaves_its_dead_letters_behind(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.claim(FILE)

    assert enter(house, reading, dead_lettered, reading).reason is None


def test_a_dead_letter_holds_back_nothing_that_is_done(warehouse: OpenWarehouse) -> None:
    """A message may come once more, to a writer that can't use it, after its load is complete."""
    house = warehouse(default_catalog())
    house.load(FILE)

    assert enter(house, dead_lettered).reason is None


def test_a_complete_load_has_no_reason_left(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.claim(FILE)
    enter(house, reading, explained)

    house.load(FILE)

    assert enter(house, explained).reason is None


def test_why_a_file_was_returned_stays_whatever_its_rename_says(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.load(FILE)

    back = enter(
        house,
        lambda connection, schema: load_states.mark_changed(connection, schema, 1, "it was written to"),
        lambda connection, schema: load_reasons.explain_move(connection, schema, [1], "not-moved", "EIO"),
    )

    assert (back.state, back.reason, back.message) == ("archived", "changed-while-read", "it was written to")


def test_a_header_is_kept_as_it_is_however_wide(warehouse: OpenWarehouse) -> None:
    """Wider than 64 KiB, the limit of MySQL's TEXT; so may be a message that quotes it."""
    house = warehouse(default_catalog())
    house.claim(FILE)
    names = [f"column {number} é" for number in range(20_000)]

    def wide(connection: Connection, schema: Schema) -> None:
        load_states.mark_reading(connection, schema, 1, header=names, ignored=names[1:], read_as=READ_AS)

    def wordy(connection: Connection, schema: Schema) -> None:
        load_states.mark_refused(connection, schema, 1, reason="missing-label", message=", ".join(names))

    load = enter(house, wide, wordy)
    assert load.header == tuple(names)
    assert load.ignored_columns == tuple(names[1:])
    assert load.message == ", ".join(names)


def test_the_time_of_a_load_runs_from_its_claim_to_its_completion(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    before = utc_now()
    house.claim(FILE)
    claimed = utc_now()
    assert (house.book(1).seconds, house.book(1).completed_at) == (None, None)

    loading = utc_now()
    house.load(FILE)

    seconds = house.book(1).seconds
    assert seconds is not None
    assert (loading - claimed).total_seconds() <= seconds <= (utc_now() - before).total_seconds()


def test_a_load_is_unsummarised_from_its_completion_on_until_a_summary_includes_it(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.claim(FILE, dropped(2, "places", PLACES))
    house.load(dropped(3, "places", PLACES, ("Ayr", "", "Scotland")))

    with house.database.transaction() as connection:
        assert completions.unsummarised(connection, house.schema) == [3]
        assert completions.unsent_events(connection, house.schema) == 1
        completions.mark_summarised(connection, house.schema, [3])
        assert completions.unsummarised(connection, house.schema) == []


def test_the_list_of_unclaimed_files_is_brought_up_to_date(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    first = [seen("a.csv", "settling"), seen("A.csv", "settling"), seen("b.csv", "queued")]
    second = [seen("a.csv", "blocked"), seen("c.csv", "settling")]

    with house.database.transaction() as connection:
        waiting_files.replace(connection, house.schema, gone=[], seen=first)
        waiting_files.replace(connection, house.schema, gone=["b.csv", "no.csv"], seen=second)

        files = waiting_files.all_files(connection, house.schema)
    assert [(file.file, file.state) for file in files] == [
        ("A.csv", "settling"),
        ("a.csv", "blocked"),
        ("c.csv", "settling"),
    ]


def seen(file: str, state: str) -> WaitingFile:
    return WaitingFile(file=file, state=state, reason="because", message="it is so")


def test_people_wait_until_their_places_are_stated(warehouse: OpenWarehouse) -> None:
    """Counted for the load that stated the person last: how many rows, and for how many places."""
    house = warehouse(default_catalog())
    ann, bob, cid = (("Ann", "Ash"), ("Bob", "Birch"), ("Cid", "Cole"))
    house.load(people(1, (*ann, "Ayr"), (*bob, "Ayr"), (*cid, "Cork")))
    assert waiting(house) == {1: Waiting(rows=3, members=2)}

    house.load(people(2, (*bob, "Bath")))
    assert waiting(house) == {1: Waiting(rows=2, members=2), 2: Waiting(rows=1, members=1)}

    house.load(dropped(3, "places", PLACES, ("Ayr", "", "Scotland"), ("Bath", "", "England")))
    assert waiting(house) == {1: Waiting(rows=1, members=1)}
    assert waiting(house, 2, 3) == {}


def test_what_waits_is_added_up_over_all_references(warehouse: OpenWarehouse) -> None:
    """A desk waits for its room and for the building of its owner; the room that was inferred waits for nothing."""
    house = warehouse(reference_in_key())

    house.load(dropped(1, "desks", "desk,building,number,owner_building", ("1", "Main", "7", "Annex")))
    assert waiting(house) == {1: Waiting(rows=2, members=2)}

    house.load(dropped(2, "rooms", "building,number,colour", ("Main", "7", "red")))
    assert waiting(house) == {1: Waiting(rows=1, members=1), 2: Waiting(rows=1, members=1)}


def people(load_id: int, *rows: tuple[str, str, str]) -> DroppedFile:
    return dropped(load_id, "people", PEOPLE, *((given, family, "1901-02-03", city) for given, family, city in rows))
