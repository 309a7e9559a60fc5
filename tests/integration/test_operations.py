"""Operations on a store with loads in it: what they return, page by page, and what they change."""

import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from shared.configuration.servers import BrokerSettings
from shared.extraction.chunks import ChunkBounds
from shared.extraction.load_files import LoadFiles
from shared.messaging.rabbitmq import declare_all
from shared.messaging.topology import QUEUES, WRITER_QUEUE, Topology
from shared.model.datasets import TypeName
from shared.model.errors import NoSuchLoad, RequestError
from shared.model.values import parser_of
from shared.operations.give_up import give_up
from shared.operations.key_lookup import KeyLookup
from shared.operations.loads import LoadReport, list_loads
from shared.operations.redrive import dead_messages, held_back_loads, redrive_messages, release_loads
from shared.operations.rejects import list_rejects
from shared.operations.replay import find_archived, load_again
from shared.operations.status import activity_of, list_waiting_files, take_status
from shared.operations.unresolved_references import Waiting
from shared.operations.verify import rebuild_counts, verify_counts
from shared.runtime.clock import utc_now
from shared.runtime.files import DataFolder
from shared.storage.counting.counts import Counts
from shared.storage.ledger import completions, load_reasons, load_states, rejects, service_processes, waiting_files
from shared.storage.ledger.service_processes import ServiceProcess
from shared.storage.ledger.waiting_files import WaitingFile
from tests.integration.conftest import OpenWarehouse
from tests.support.catalogs import default_catalog, typed_keys
from tests.support.deliveries import Warehouse, body, dropped, messages
from tests.support.eventually import eventually
from tests.support.model import DroppedFile
from tests.support.servers.isolation import Broker

PEOPLE = "given_name,family_name,date_of_birth,place_of_birth"
PLACES = "city,county,country"
BAD_DATE = "never"


def person(number: int, *, born: str = "1900-01-01", place: str = "Weir") -> tuple[str, ...]:
    return (f"Given {number}", "Stone", born, place)


def people(load_id: int, *rows: Sequence[str]) -> DroppedFile:
    return dropped(load_id, "people", PEOPLE, *rows)


def places(load_id: int, *cities: str) -> DroppedFile:
    return dropped(load_id, "places", PLACES, *((city, "County", "Country") for city in cities))


def ids(reports: Sequence[LoadReport]) -> list[int]:
    return [report.load.load_id for report in reports]


def refuse(house: Warehouse, *load_ids: int) -> None:
    with house.database.transaction() as connection:
        for load_id in load_ids:
            load_states.mark_refused(connection, house.schema, load_id, reason="format-error", message="no table")


def heal(house: Warehouse, load_id: int, lines: Sequence[int], *, by: int) -> None:
    with house.database.transaction() as connection:
        rejects.heal(connection, house.schema, load_id, lines, by=by)


@pytest.fixture
def house(warehouse: OpenWarehouse) -> Warehouse:
    return warehouse(default_catalog())


def test_a_load_is_listed_with_its_healed_rows_and_the_references_that_wait(house: Warehouse) -> None:
    house.load(people(1, person(1, born=BAD_DATE), person(2, born=BAD_DATE), person(3)))
    house.load(people(2, person(1), person(2, born=BAD_DATE), person(4, place="Bath")))
    house.load(places(3, "Bath"))
    heal(house, 1, [2], by=2)

    first, second, third = list_loads(house.store, limit=10)

    assert (first.healed, first.open_rejects, first.load.rejected) == (1, 1, 2)
    assert (second.healed, second.open_rejects) == (0, 1)
    assert (first.waiting, second.waiting, third.waiting) == (Waiting(1, 1), Waiting(1, 1), Waiting())
    assert (third.load.inserted, third.reason, third.is_unfinished) == (1, "being-archived", True)


def test_loads_are_listed_page_by_page(house: Warehouse) -> None:
    house.claim(*(places(number) for number in range(1, 6)))

    pages = [ids(list_loads(house.store, limit=2, after=after)) for after in (0, 2, 4, 5)]

    assert pages == [[1, 2], [3, 4], [5], []]


def test_the_status_has_the_last_loads_and_before_them_those_on_their_way(house: Warehouse) -> None:
    """G10 Waiting explains itself: not less because of what was loaded since."""
    house.claim(*(places(number) for number in range(1, 11)))
    refuse(house, 1, 3, 4, 5, 9, 10)

    found = take_status(house.store, limit=2)

    assert ids(found.loads) == [2, 6, 9, 10]
    assert found.load_count == 10
    assert ids(take_status(house.store, limit=20).loads) == list(range(1, 11))


def test_the_status_of_a_new_installation_is_empty(house: Warehouse) -> None:
    found = take_status(house.store, limit=5)

    assert (found.loads, found.load_count, found.files, found.file_count, dict(found.waiting)) == ([], 0, [], 0, {})
    assert (found.services, found.held) == ([], {})


def test_the_status_has_references_that_wait_of_all_loads(house: Warehouse) -> None:
    house.load(people(1, person(1), person(2, place="Bath")), people(2, person(3)), places(3, "Ayr"))

    assert take_status(house.store, limit=1).waiting == {1: Waiting(2, 2), 2: Waiting(1, 1)}


def test_files_that_wait_are_counted_and_listed_page_by_page(house: Warehouse) -> None:
    names = [f"people-{number}.csv" for number in range(5)]
    seen = [WaitingFile(file=name, state="blocked", reason="not-a-regular-file", message="a link") for name in names]
    with house.database.transaction() as connection:
        waiting_files.replace(connection, house.schema, gone=[], seen=seen[::-1])

    status = take_status(house.store, limit=2)
    pages = [list_waiting_files(house.store, limit=2, after=after) for after in ("", names[1], names[3], names[4])]

    assert (status.files, status.file_count) == (seen[:2], 5)
    assert pages == [seen[:2], seen[2:4], seen[4:], []]


def test_a_service_works_waits_or_is_silent(house: Warehouse) -> None:
    now = utc_now()
    working = ServiceProcess(
        service="writer",
        host="one",
        process_id=7,
        version="0.1.0",
        started_at=now,
        seen_at=now,
        waits_for=None,
        waits_since=None,
    )
    waiting = replace(working, waits_for="RabbitMQ", waits_since=now)
    with house.database.transaction() as connection:
        service_processes.enter(connection, house.schema, working)

    [found] = take_status(house.store, limit=1).services
    assert activity_of(found, now) == "working"
    assert activity_of(waiting, now) == "waiting"
    assert activity_of(waiting, now + timedelta(hours=1)) == "silent"


def test_rejected_rows_are_listed_by_load_and_line_page_by_page(house: Warehouse) -> None:
    bad = [person(number, born=BAD_DATE) for number in range(3)]
    house.load(people(1, *bad), people(2, *bad))

    def page(after: tuple[int, int], load_id: int | None = None) -> list[tuple[int, int]]:
        found = list_rejects(house.store, limit=2, after=after, load_id=load_id)
        return [(reject.load_id, reject.line) for reject in found]

    assert [page(after) for after in ((0, 0), (1, 3), (2, 2), (2, 4))] == [
        [(1, 2), (1, 3)],
        [(1, 4), (2, 2)],
        [(2, 3), (2, 4)],
        [],
    ]
    assert [page(after, 2) for after in ((0, 0), (2, 3))] == [[(2, 2), (2, 3)], [(2, 4)]]


def test_a_rejected_row_says_what_is_wrong_and_which_load_healed_it(house: Warehouse) -> None:
    house.load(people(1, person(1, born=BAD_DATE), person(2, born=BAD_DATE)), people(2, person(1)))
    heal(house, 1, [2], by=2)

    healed, still_open = list_rejects(house.store, limit=10)

    assert (healed.file, healed.column, healed.code) == ("people.csv", "date_of_birth", "type-error")
    assert (healed.healed_by, still_open.healed_by) == (2, None)
    assert list_rejects(house.store, limit=10, is_open=True) == [still_open]


def test_rejected_rows_of_a_load_that_is_not_there_are_not_just_none(house: Warehouse) -> None:
    house.load(places(1, "Bath"))

    assert list_rejects(house.store, limit=10, load_id=1) == []
    with pytest.raises(NoSuchLoad, match="there is no load 7"):
        list_rejects(house.store, limit=10, load_id=7)


def test_a_load_that_is_given_up_ends_and_the_summaries_are_written_again(house: Warehouse) -> None:
    house.load(places(1, "Bath"))
    with house.database.transaction() as connection:
        completions.mark_summarised(connection, house.schema, [1])
    house.claim(places(2, "Weir"))

    given_up = give_up(house.store, 2)

    [_, after] = list_loads(house.store, limit=2)
    assert (given_up.state, after.load.state, after.reason) == ("claimed", "refused", "given-up")
    assert after.load.message == "given up by an operator after 0 of its rows"
    with house.database.transaction() as connection:
        assert completions.unsummarised(connection, house.schema) == [1]


def test_only_an_open_load_is_given_up(house: Warehouse) -> None:
    house.load(places(1, "Bath"))

    with pytest.raises(NoSuchLoad, match="there is no load 2"):
        give_up(house.store, 2)
    with pytest.raises(RequestError, match=r"load 1 \(places.csv\) is complete; only an open load can be given up"):
        give_up(house.store, 1)
    assert house.book(1).state == "complete"


def test_loads_held_back_by_dead_letters_are_released(house: Warehouse) -> None:
    house.claim(places(1), places(2))
    with house.database.transaction() as connection:
        load_reasons.mark_dead_lettered(connection, house.schema, 2, "RowsRefused: no")

    held_back = held_back_loads(house.store)
    assert [(load.load_id, load.message) for load in held_back] == [(2, "RowsRefused: no")]
    assert release_loads(house.store) == held_back
    assert (held_back_loads(house.store), house.book(2).reason) == ([], None)


def test_a_kept_count_is_not_built_then_right_then_wrong_then_rebuilt(house: Warehouse) -> None:
    house.load(people(1, person(1), person(2), person(3, place="Bath")), places(2, "Bath", "Weir"))
    [unbuilt] = verify_counts(house.store)
    assert (unbuilt.is_built, unbuilt.is_right) == (False, False)

    Counts(house.store).bring_up_to_date()
    [right] = verify_counts(house.store)
    assert right.is_right

    table = house.schema.kept_counts[right.count.name]
    with house.database.transaction() as connection:
        completions.mark_summarised(connection, house.schema, [1, 2])
        connection.execute(update(table).where(table.c.place_of_birth == "Weir").values(_row_count=7))
    [wrong] = verify_counts(house.store)
    assert [(each.values, each.in_table, each.kept) for each in wrong.differences] == [(("Weir",), 2, 7)]
    assert not wrong.is_right

    rebuild_counts(house.store, [wrong.count])
    assert verify_counts(house.store) == [right]
    with house.database.transaction() as connection:
        assert completions.unsummarised(connection, house.schema) == [2]


@pytest.mark.parametrize(
    ("key_type", "stored", "asked"),
    [
        ("text", ("a", "B ", "ß"), ("a", "b", "B ", "B", "ss", "ß", "c")),
        ("integer", ("1", "-9223372036854775808", "3"), ("1", "-9223372036854775808", "2", "3")),
        ("decimal", ("1.50", "2", "3"), ("1.5", "2.000", "3", "4")),
        ("date", ("1837-06-20", "0001-01-01", "2024-02-29"), ("1837-06-20", "0001-01-01", "2024-02-28", "2024-02-29")),
    ],
)
def test_keys_of_any_type_are_looked_up(
    warehouse: OpenWarehouse, key_type: TypeName, stored: Sequence[str], asked: Sequence[str]
) -> None:
    house = warehouse(typed_keys(type_name=key_type))
    lookup, things = KeyLookup(house.store), house.catalog.datasets["things"]
    keys = list(map(parser_of(things.column("id")), asked))
    assert lookup(things, keys) is None, "the table is empty"

    house.load(dropped(1, "things", "id,label", *((text, "label") for text in stored)))

    assert lookup(things, keys) == len(stored)
    assert lookup(things, []) == 0


def test_archived_files_are_loaded_again_under_their_numbers_or_new_ones(house: Warehouse, tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.create()
    for number, name in enumerate(("places.3.csv", "people.2.csv", "animals.5.csv", "places.1.csv"), start=1):
        (folder.archive / name).write_text(f"file {number}")
    house.load(places(1, "Bath"))

    found = list(find_archived(folder, house.store, every=False))
    assert [(each.load_id, each.dataset, each.is_number_taken) for each in found] == [
        (1, "places", True),
        (2, "people", False),
        (3, "places", False),
        (5, None, False),
    ]
    assert "matches no dataset" in found[-1].problem
    of_some = find_archived(folder, house.store, every=True, first=2, last=3)
    assert [each.load_id for each in of_some] == [2, 3]

    bounds = ChunkBounds(rows=7, bytes=1024)
    again = load_again(folder, house.store, found[:3], bounds)

    assert [number for _, number in again] == [6, 2, 3], "the number of another file is not given again"
    claimed = sorted(LoadFiles(folder).claimed(), key=lambda each: each.load_id)
    assert [(each.load_id, each.dataset, each.original, each.bounds) for each in claimed] == [
        (2, "people", "people.csv", bounds),
        (3, "places", "places.csv", bounds),
        (6, "places", "places.csv", bounds),
    ]
    assert [LoadFiles(folder).path(each).read_text() for each in claimed] == ["file 2", "file 1", "file 4"]
    assert os.listdir(folder.archive) == ["animals.5.csv"]


def test_dead_messages_are_described_and_go_back(settings: BrokerSettings, broker: Broker) -> None:
    topology = Topology(settings.namespace)
    queue, dead_letter_queue = topology.name(WRITER_QUEUE), topology.dead_letter_name(WRITER_QUEUE)
    declare_all(settings)
    chunk = messages(people(7, person(1), person(2)))[0]
    for content in (body(chunk), b"no message"):
        broker.publish(dead_letter_queue, content)
    eventually(lambda: broker.queue_depths()[dead_letter_queue] == 2, message="both are there")

    described, unreadable = dead_messages(settings)

    assert (described.kind, described.load_id) == ("rows.extracted", 7)
    assert (described.first_row, described.row_count, described.dead_letter_queue) == (0, 2, dead_letter_queue)
    assert (unreadable.kind, unreadable.load_id, unreadable.size_bytes) == (None, None, 10)
    eventually(lambda: broker.queue_depths()[dead_letter_queue] == 2, message="they stay where they are")

    moved = {each.queue: each.count for each in redrive_messages(settings)}

    assert moved == {topology.name(each): 2 if each == WRITER_QUEUE else 0 for each in QUEUES}
    eventually(lambda: broker.queue_depths()[queue] == 2, message="they are back")
    assert list(dead_messages(settings)) == []
