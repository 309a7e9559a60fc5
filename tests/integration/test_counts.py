"""Kept counts: whatever is loaded and folded, they equal a count of the whole table."""

import json
import random
import tempfile
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.aggregator.aggregator import Aggregator
from services.writer.handlers import WriterHandlers
from shared.model.datasets import Catalog
from shared.model.errors import TransientError
from shared.runtime.files import DataFolder
from shared.storage.counting.counts import CountDifference, Counts
from shared.storage.counting.folding import Folding
from shared.storage.kept_counts import kept_counts
from tests.integration.conftest import OpenWarehouse
from tests.integration.test_order_of_arrival import CATALOGS, arrival, files
from tests.support.catalogs import BIRTHS_BY_COUNTRY, default_catalog, every_type, forgiving_people_and_places
from tests.support.counts import kept_rows, rows_by, with_all_counts
from tests.support.deliveries import Warehouse, body, dropped, messages
from tests.support.faults import Crash
from tests.support.model import DroppedFile, Model
from tests.support.services import summary_of

PEOPLE = "given_name,family_name,date_of_birth,place_of_birth"
PLACES = "city,county,country"
SEEDS = range(3)

THINGS = "id,label,amount,price,born,seen,alive"
A_THING = ("1", "a", "-9223372036854775808", "-0." + "0" * 29 + "1", "0001-01-01", "1837-06-20T01:02:03.000001", "no")
THE_SAME_THING_CHANGED = ("1", "A", "0", "0.10", "1582-10-10", "9999-12-31T23:59:59.999999", "yes")


def people(load_id: int, *birthplaces: str) -> DroppedFile:
    rows = [(f"Given {number}", "Stone", "1900-01-01", place) for number, place in enumerate(birthplaces)]
    return dropped(load_id, "people", PEOPLE, *rows)


def places(load_id: int, **countries: str) -> DroppedFile:
    return dropped(load_id, "places", PLACES, *((city, "County", country) for city, country in countries.items()))


def aggregator_of(house: Warehouse, folder: Path) -> Aggregator:
    return Aggregator(folder=DataFolder(folder), store=house.store, stop=threading.Event())


def summary_in(folder: Path) -> bytes:
    return (folder / BIRTHS_BY_COUNTRY.file).read_bytes()


def check(house: Warehouse) -> None:
    """Compare each kept count with its table, and with what the product itself finds."""
    counts = Counts(house.store)
    for count in kept_counts(house.catalog):
        dataset = house.catalog.datasets[count.dataset]
        wanted = rows_by(dataset, house.table(dataset.name).values(), count.columns)
        with house.database.transaction() as connection:
            assert kept_rows(connection, house.schema, count) == wanted, str(count)
        assert counts.differences(count, most=5) == []


def check_any_loads(house: Warehouse, chance: random.Random, folder: Path) -> None:
    """Deliver anything in any order, with aggregators that fold, start and write at any time between."""
    dropped_files = files(chance, house.catalog)
    house.claim(*dropped_files)
    aggregator, counts = aggregator_of(house, folder), Counts(house.store)
    counts.bring_up_to_date()
    for payload in arrival(chance, dropped_files):
        house.deliver(payload)
        chance.choice((lambda: None, lambda: None, counts.fold, aggregator.recompute))()
        check(house)
    aggregator.recompute()

    model = Model(house.catalog)
    model.drop_all(dropped_files)
    for summary in house.catalog.summaries:
        assert (folder / summary.file).read_bytes() == model.summary(summary), summary


@pytest.mark.parametrize("catalog", CATALOGS)
@settings(max_examples=15, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_after_any_loads_the_counts_are_those_of_the_tables(
    catalog: Callable[[], Catalog], chance: random.Random
) -> None:
    """Repeated keys, rows that move between groups, inferred members stated later, NULLs, any order of arrival."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(Warehouse(f"sqlite:///{folder}/inflow.db", with_all_counts(catalog()))) as house:
            check_any_loads(house, chance, folder)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("catalog", CATALOGS)
def test_after_any_loads_the_counts_on_a_server_are_those_of_the_tables(
    server_warehouse: OpenWarehouse, catalog: Callable[[], Catalog], seed: int, tmp_path: Path
) -> None:
    check_any_loads(server_warehouse(with_all_counts(catalog())), random.Random(seed), tmp_path)


def test_old_and_new_values_of_any_type_are_told_apart_and_cancel(warehouse: OpenWarehouse) -> None:
    house = warehouse(with_all_counts(every_type()))
    counts = Counts(house.store)
    counts.bring_up_to_date()

    for load_id, thing in enumerate((A_THING, THE_SAME_THING_CHANGED, A_THING), start=1):
        house.load(dropped(load_id, "things", THINGS, thing))
        check(house)
        counts.fold()
        check(house)
    house.load(dropped(4, "things", THINGS, (*A_THING[:1], "b", *A_THING[2:])))

    with house.database.transaction() as connection:
        [deltas] = connection.scalars(text("SELECT deltas FROM inflow_count_deltas"))
    changed = [name for name, values in json.loads(deltas).items() if values]
    assert changed == [count.name for count in kept_counts(house.catalog) if count.columns == ("label",)]


def test_a_small_load_after_a_fold_moves_people_between_countries(warehouse: OpenWarehouse, tmp_path: Path) -> None:
    house = warehouse(default_catalog())
    aggregator = aggregator_of(house, tmp_path)
    house.load(places(1, Kelso="Scotland", Cork="Ireland"), people(2, "Kelso", "Kelso", "Cork"))
    aggregator.recompute()
    assert summary_in(tmp_path) == summary_of({"Scotland": 2, "Ireland": 1})

    house.load(people(3, "Cork", "Kelso", "Cork"))
    aggregator.recompute()
    assert summary_in(tmp_path) == summary_of({"Ireland": 2, "Scotland": 1})

    house.load(places(4, Kelso="Ireland"))
    aggregator.recompute()
    assert summary_in(tmp_path) == summary_of({"Ireland": 3})


def test_the_table_is_counted_only_at_the_start(warehouse: OpenWarehouse, tmp_path: Path) -> None:
    house = warehouse(default_catalog())
    aggregator = aggregator_of(house, tmp_path)
    house.load(places(1, Kelso="Scotland"), people(2, "Kelso"))
    aggregator.recompute()
    with house.database.transaction() as connection:
        connection.execute(text("DELETE FROM people"))

    house.load(people(3, "Kelso", "Kelso"))
    aggregator.recompute()

    assert summary_in(tmp_path) == summary_of({"Scotland": 3})


def test_a_start_repairs_falsified_counts(warehouse: OpenWarehouse, tmp_path: Path) -> None:
    house = warehouse(default_catalog())
    house.load(places(1, Kelso="Scotland", Cork="Ireland"), people(2, "Kelso", "Cork"))
    aggregator_of(house, tmp_path).recompute()
    [count] = kept_counts(house.catalog)
    with house.database.transaction() as connection:
        connection.execute(text(f"UPDATE {count.name} SET _row_count = 7 WHERE place_of_birth = 'Kelso'"))
    assert Counts(house.store).differences(count, most=5) == [CountDifference(values=("Kelso",), in_table=1, kept=7)]

    aggregator_of(house, tmp_path).recompute()

    assert summary_in(tmp_path) == summary_of({"Scotland": 1, "Ireland": 1})
    check(house)


def test_a_build_leaves_the_deltas_that_it_has_seen_to_be_folded(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    counts = Counts(house.store)
    house.load(people(1, "Kelso", "Cork"))
    [count] = kept_counts(house.catalog)

    counts.build(count)
    check(house)
    counts.fold()

    check(house)
    assert house.row_counts()["inflow_count_deltas"] == 0


def test_more_deltas_than_one_transaction_folds_are_all_folded(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    counts = Counts(house.store)
    counts.bring_up_to_date()
    house.load(people(1, *(f"Place {number % 7}" for number in range(120))), rows=1)

    counts.fold()

    check(house)
    assert house.row_counts()["inflow_count_deltas"] == 0


def test_values_that_fill_several_texts_are_folded_like_others(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    counts = Counts(house.store)
    counts.bring_up_to_date()
    house.load(people(1, *(f"{number} {'😀' * 240}" for number in range(1000))))

    assert house.row_counts()["inflow_count_deltas"] > 1
    check(house)
    counts.fold()
    check(house)


def test_a_load_that_changes_no_row_leaves_no_deltas(warehouse: OpenWarehouse) -> None:
    house = warehouse(default_catalog())
    house.load(people(1, "Kelso", "Cork"))
    Counts(house.store).fold()

    house.load(people(2, "Kelso", "Cork"))

    assert house.row_counts()["inflow_count_deltas"] == 0


def test_a_chunk_of_a_writer_that_does_not_know_a_count_has_it_rebuilt(
    warehouse: OpenWarehouse, tmp_path: Path
) -> None:
    """As while services restart with another inflow.toml, one after the other."""
    house = warehouse(forgiving_people_and_places())
    aggregator = aggregator_of(house, tmp_path)
    house.load(places(1, Kelso="Scotland"), people(2, "Kelso"))
    aggregator.recompute()
    knows_no_counts = replace(house.store, catalog=replace(house.catalog, summaries=()))
    file = people(3, "Kelso", "Kelso", "Kelso")
    house.claim(file)
    for payload in messages(file):
        WriterHandlers(knows_no_counts, on_completed=lambda: None).handle(body(payload))

    aggregator.catch_up()

    assert summary_in(tmp_path) == summary_of({"Scotland": 3})
    check(house)


def test_a_fold_or_a_build_that_is_cut_off_at_any_step_changes_nothing(
    warehouse: OpenWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = warehouse(default_catalog())
    [count] = kept_counts(house.catalog)
    counts = Counts(house.store)
    counts.bring_up_to_date()
    house.load(people(1, "Kelso", "Cork"), rows=1)

    steps: list[tuple[type, str, Callable[[], None]]] = [
        *((Folding, step, counts.fold) for step in ("_add", "_add_to", "_remove")),
        (Counts, "_build", lambda: counts.build(count)),
    ]
    for owner, step, work in steps:
        with monkeypatch.context() as patch:
            patch.setattr(owner, step, crashing_after(getattr(owner, step)))
            with pytest.raises(Crash):
                work()
        check(house)
        assert house.row_counts()["inflow_count_deltas"] == 2

    counts.fold()
    check(house)


def crashing_after(function: Callable[..., None]) -> Callable[..., None]:
    """Return the function with a kill at its end."""

    def crash(*arguments: object) -> None:
        function(*arguments)
        raise Crash(function.__name__)

    return crash


def test_concurrent_folds_builds_and_writers_lose_and_double_nothing(server_warehouse: OpenWarehouse) -> None:
    house = server_warehouse(default_catalog())
    [count] = kept_counts(house.catalog)
    dropped_files = [people(load_id, *(f"Place {load_id * n % 11}" for n in range(60))) for load_id in range(1, 9)]
    house.claim(*dropped_files)
    done = threading.Event()
    failures: list[Exception] = []

    def work(step: Callable[[], None]) -> Callable[[], None]:
        def until_done() -> None:
            while not done.is_set():
                again_until_it_works(step, failures)

        return until_done

    one, other = Counts(house.store), Counts(house.store)
    threads = [threading.Thread(target=work(each)) for each in (one.fold, other.fold, lambda: other.build(count))]
    for thread in threads:
        thread.start()
    try:
        for each in dropped_files:
            for payload in messages(each, rows=5):
                house.deliver(payload)
    finally:
        done.set()
        for thread in threads:
            thread.join()

    assert failures == []
    one.fold()
    check(house)


def again_until_it_works(step: Callable[[], None], failures: list[Exception]) -> None:
    """Do a step; the first time of all, two may create the row of turns at once."""
    try:
        step()
    except TransientError:
        pass
    except Exception as error:
        failures.append(error)
