"""The ledger that a writer keeps in the transaction of the data: ledger, accounts, completion, outbox."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import Connection, make_url, text

from services.writer.handlers import WriterHandlers
from shared.messaging.delivery import Answer, Patience, settle
from shared.messaging.payloads import LoadCompleted, LoadExtracted, Payload, RowsExtracted
from shared.model.errors import ContradictoryMessage, DatabaseUnavailable, MalformedMessage, UnknownLoad
from shared.storage.database import Database
from tests.integration.conftest import OpenWarehouse
from tests.support.catalogs import default_catalog
from tests.support.deliveries import Warehouse, body, chunks, dropped, manifest, messages
from tests.support.eventually import eventually
from tests.support.kinds import end_session
from tests.support.model import Accounts, DroppedFile, Model
from tests.support.sessions import Session, sessions

RACES = 200

PEOPLE = "given_name,family_name,date_of_birth,place_of_birth"


def people(load_id: int, count: int) -> DroppedFile:
    return dropped(
        load_id, "people", PEOPLE, *((f"Given {n}", "Ash", "1901-02-03", f"Place {n}") for n in range(count))
    )


def part(file: DroppedFile, first: int, end: int) -> RowsExtracted:
    """The chunk of the rows from `first` to before `end`."""
    lines = list(file.rows)[first:end]
    return RowsExtracted(
        load_id=file.load_id,
        dataset=file.dataset,
        first_row=first,
        header=list(file.header),
        lines=lines,
        rows=[list(file.rows[line]) for line in lines],
        unreadable=[],
    )


def everything(house: Warehouse) -> object:
    """All that can be seen of a database with one load."""
    return house.row_counts(), house.tables(), house.changed("people"), house.book(1), house.completed_loads()


def test_a_duplicate_chunk_changes_nothing(warehouse: OpenWarehouse) -> None:
    """G2: redelivered before, and after the load is complete."""
    house = warehouse(default_catalog())
    file = people(1, 4)
    house.claim(file)
    first, second = chunks(file, rows=2)

    house.deliver(first)
    after_one = everything(house)
    house.deliver(first)
    assert everything(house) == after_one

    house.deliver(second, manifest(file))
    after_all = everything(house)
    house.deliver(second, first, manifest(file))
    assert everything(house) == after_all
    assert house.completions == 1


def test_a_chunk_that_overlaps_another_in_part_is_refused(warehouse: OpenWarehouse) -> None:
    """Chunk bounds never change within a load, so this is a bug: a dead letter, and nothing is written."""
    house = warehouse(default_catalog())
    file = people(1, 9)
    house.claim(file)
    house.deliver(part(file, 3, 6))
    before = everything(house)

    # It begins before, ends behind, holds it, lies inside, is shorter, is longer.
    for first, end in ((2, 5), (5, 8), (2, 8), (4, 5), (3, 5), (3, 7)):
        with pytest.raises(ContradictoryMessage, match=r"overlap the entry 3\+3"):
            house.deliver(part(file, first, end))

    assert everything(house) == before


def test_chunks_that_touch_do_not_overlap(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    file = people(1, 9)
    house.claim(file)

    house.deliver(part(file, 3, 6), part(file, 6, 9), part(file, 0, 3), manifest(file))

    assert house.accounts(1) == Accounts(read=9, inserted=9)


@pytest.mark.parametrize("place", range(4))
def test_the_manifest_may_come_at_any_time(warehouse: OpenWarehouse, place: int) -> None:
    """G1: the load is complete with its last row, or with the manifest, and never before."""
    house = warehouse(default_catalog())
    file = people(1, 6)
    house.claim(file)
    payloads: list[Payload] = [*chunks(file, rows=2)]
    payloads.insert(place, manifest(file))

    house.deliver(*payloads[:-1])
    assert house.book(1).state == "claimed"
    assert (house.completions, house.completed_loads()) == (0, [])

    house.deliver(payloads[-1])
    assert house.book(1).state == "complete"
    assert (house.completions, house.completed_loads()) == (1, [1])
    assert house.accounts(1) == Accounts(read=6, inserted=6)


def test_a_file_without_rows_is_complete_with_its_manifest(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    file = people(1, 0)

    house.load(file)

    assert house.book(1).state == "complete"
    assert house.completed_loads() == [1]


def test_a_duplicate_manifest_changes_nothing(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    file = people(1, 2)
    house.claim(file)

    house.deliver(manifest(file), manifest(file), *chunks(file), manifest(file))

    assert house.completed_loads() == [1]
    assert house.completions == 1


@pytest.mark.parametrize("row_count", [0, 3, 5])
def test_a_manifest_that_contradicts_the_one_known_is_refused(warehouse: OpenWarehouse, row_count: int) -> None:
    house = warehouse(default_catalog())
    house.claim(people(1, 4))
    house.deliver(LoadExtracted(load_id=1, dataset="people", row_count=4))
    before = everything(house)

    with pytest.raises(ContradictoryMessage, match="one of 4 is known"):
        house.deliver(LoadExtracted(load_id=1, dataset="people", row_count=row_count))

    assert everything(house) == before


def test_a_manifest_of_fewer_rows_than_were_applied_is_refused(warehouse: OpenWarehouse) -> None:
    """It would never balance: the load would be open forever, without a reason."""
    house = warehouse(default_catalog())
    file = people(1, 4)
    house.claim(file)
    house.deliver(*chunks(file))
    before = everything(house)

    with pytest.raises(ContradictoryMessage, match="a manifest of 3 rows, 4 are applied already"):
        house.deliver(LoadExtracted(load_id=1, dataset="people", row_count=3))

    assert everything(house) == before


def test_rows_beyond_the_manifest_are_refused(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    file = people(1, 4)
    house.claim(file)
    house.deliver(part(file, 0, 2), LoadExtracted(load_id=1, dataset="people", row_count=2))
    before = everything(house)

    with pytest.raises(ContradictoryMessage, match="more than the 2 of its manifest"):
        house.deliver(part(file, 2, 4))

    assert everything(house) == before


def test_messages_of_an_unclaimed_load_are_refused(warehouse: OpenWarehouse) -> None:
    """The ledger entry, the rows and the places that were written by then are rolled back with it."""
    house = warehouse(default_catalog())
    before = house.row_counts()

    for payload in messages(people(7, 2)):
        with pytest.raises(UnknownLoad, match="load 7 is not in the database"):
            house.deliver(payload)

    assert house.row_counts() == before


def test_a_dataset_that_the_configuration_does_not_have_is_refused(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    file = dropped(1, "animals", "name", ("Rex",))
    house.claim(file)

    with pytest.raises(ContradictoryMessage, match="no dataset 'animals'"):
        house.deliver(*chunks(file))


def test_a_writer_refuses_an_event(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())

    with pytest.raises(MalformedMessage, match=r"load\.completed is not for a writer"):
        house.deliver(LoadCompleted(load_id=1, dataset="people"))


def test_who_hears_of_a_completion_finds_it_in_the_database(warehouse: OpenWarehouse) -> None:
    """It is told after the commit."""
    house = warehouse(default_catalog())
    file = people(1, 2)
    house.claim(file)
    states = []
    writer = WriterHandlers(house.store, on_completed=lambda: states.append(house.book(1).state))

    for payload in messages(file):
        writer.handle(body(payload))

    assert states == ["complete"]


@pytest.mark.parametrize(
    "held",
    [
        pytest.param("SELECT * FROM places WHERE city = 'Place 1' FOR UPDATE", id="a referenced row"),
        pytest.param("SELECT * FROM people WHERE given_name = 'Given 3' FOR UPDATE", id="an own row"),
        pytest.param("SELECT * FROM inflow_loads WHERE load_id = 2 FOR UPDATE", id="the accounts, last of all"),
    ],
)
def test_a_transaction_that_waits_too_long_leaves_nothing_behind(server_warehouse: OpenWarehouse, held: str) -> None:
    """Error 1205 ends the statement, not the transaction: what was written before must not be committed.

    Once the lock is free, the same delivery is applied, once.
    """
    house = server_warehouse(default_catalog())
    if house.store.schema.dialect.name == "postgresql" and "places" in held:
        pytest.skip("PostgreSQL locks a referenced row for the rows that are inserted, not for those that are there")
    known, file = people(1, 4), people(2, 6)
    house.load(known)
    house.claim(file)
    before = house.row_counts(), house.tables()

    with closing(house.impatient_database()) as impatient:
        writer = house.new_writer(impatient)
        with house.second_session() as other:
            other.execute(text(held))
            with pytest.raises(DatabaseUnavailable, match=r"1205|lock timeout"):
                writer.handle(body(chunks(file)[0]))
        assert (house.row_counts(), house.tables()) == before

        writer.handle(body(chunks(file)[0]))
        writer.handle(body(manifest(file)))

    assert house.accounts(2) == Accounts(read=6, inserted=2, unchanged=4)
    assert house.completed_loads() == [1, 2]


def updating(connection: Connection) -> list[Session]:
    name = str(connection.engine.url.database)
    return [each for each in sessions(connection, database=name) if each.statement.startswith("UPDATE")]


def test_a_connection_lost_in_the_middle_leaves_nothing_behind(server_warehouse: OpenWarehouse) -> None:
    """The writer is killed by the server while it waits for the last lock, with everything else written."""
    house = server_warehouse(default_catalog())
    file = people(1, 6)
    house.claim(file)

    with house.second_session() as other, ThreadPoolExecutor(1) as pool:
        other.execute(text("SELECT * FROM inflow_loads WHERE load_id = 1 FOR UPDATE"))
        writing = pool.submit(house.deliver, *chunks(file))
        [waiting] = eventually(lambda: updating(other), message="the writer waits")
        other.execute(text(end_session(other.dialect.name, waiting.number)))
        with pytest.raises(DatabaseUnavailable):
            writing.result()

    counts = house.row_counts()
    assert (counts["people"], counts["places"], counts["inflow_chunks"]) == (0, 0, 0)
    house.deliver(*messages(file))
    assert house.accounts(1) == Accounts(read=6, inserted=6)


def test_two_writers_that_end_a_load_at_the_same_moment_complete_it_once(warehouse: OpenWarehouse) -> None:
    """Each sees its own message only; one of them must find the load balanced, and only one."""
    house = warehouse(default_catalog())
    files = [people(load_id, 2) for load_id in range(1, RACES + 1)]
    house.claim(*files)
    pairs = [messages(file, rows=1) for file in files]
    # The last two are two chunks, or a chunk and the manifest.
    for number, payloads in enumerate(pairs):
        house.deliver(payloads.pop(-1 if number % 2 else 0))

    at_the_same_moment(house, *zip(*pairs, strict=True))

    assert house.completed_loads() == [file.load_id for file in files]
    assert house.completions == RACES
    model = Model(house.catalog)
    model.drop_all(files)
    assert house.tables() == model.tables


def test_two_writers_that_get_the_same_chunk_at_the_same_moment_apply_it_once(warehouse: OpenWarehouse) -> None:
    """G2: as when a broker takes a slow writer for dead."""
    house = warehouse(default_catalog())
    files = [people(load_id, 3) for load_id in range(1, RACES // 10 + 1)]
    house.claim(*files)
    payloads = [chunks(file)[0] for file in files]

    at_the_same_moment(house, payloads, payloads)
    house.deliver(*map(manifest, files))

    assert [house.accounts(file.load_id).balance for file in files] == [True] * len(files)
    assert house.row_counts()["inflow_chunks"] == len(files)
    assert house.completed_loads() == [file.load_id for file in files]


def at_the_same_moment(house: Warehouse, *queues: Sequence[Payload]) -> None:
    """Let one writer per queue take its messages; all writers begin each message together."""
    start = threading.Barrier(len(queues))

    def write(queue: Sequence[Payload]) -> None:
        with closing(Database(make_url(house.url))) as own:
            handle = house.new_writer(own).handle
            for payload in queue:
                start.wait()
                assert settle(handle, body(payload), stop=threading.Event(), patience=Patience()).outcome is Answer.ACK

    with ThreadPoolExecutor(len(queues)) as pool:
        for done in [pool.submit(write, queue) for queue in queues]:
            done.result()
