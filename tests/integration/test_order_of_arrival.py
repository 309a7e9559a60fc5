"""G2, G3, G4: the end depends on what was dropped and in which order, never on how and how often it arrives."""

import random
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messaging.payloads import Payload
from shared.model.datasets import Catalog, Column, Dataset
from tests.integration.conftest import OpenWarehouse
from tests.support.catalogs import (
    composite_references,
    forgiving_people_and_places,
    key_only,
    reference_in_key,
    reference_to_itself,
)
from tests.support.deliveries import Warehouse, dropped, messages
from tests.support.model import DroppedFile, Model

CATALOGS = (forgiving_people_and_places, composite_references, reference_in_key, reference_to_itself, key_only)
SEEDS = range(3)

#: Few, so that keys and references meet; among them what is equal to the eye, empty, and bad for its type.
TEXTS = {
    "text": ("Ann", "ann", "Ann ", "José", "Jose\u0301", "Cork", "Cork", "", "\0"),
    "integer": ("1", "2", " 1", "+2", "-3", "", "one"),
    "date": ("1837-06-20", "1999-12-31", "2024-02-29", "2023-02-29", ""),
}


def files(chance: random.Random, catalog: Catalog) -> list[DroppedFile]:
    """Some files of any datasets, with numbers that grow."""
    numbers = sorted(chance.sample(range(1, 50), chance.randint(1, 5)))
    return [file(chance, number, chance.choice(list(catalog.datasets.values()))) for number in numbers]


def file(chance: random.Random, load_id: int, dataset: Dataset) -> DroppedFile:
    """A file with its columns in any order, one of them perhaps unknown."""
    columns = [*dataset.columns, *chance.sample([Column(name="remark", type="text")], chance.randint(0, 1))]
    chance.shuffle(columns)
    rows = [[chance.choice(TEXTS[column.type]) for column in columns] for _ in range(chance.randint(0, 9))]
    for row in rows:
        if chance.random() < 0.05:
            row.pop()
    return dropped(load_id, dataset.name, ",".join(column.name for column in columns), *rows)


def arrival(chance: random.Random, dropped_files: list[DroppedFile]) -> list[Payload]:
    """All messages of the files, some of them several times, in any order."""
    once = [message for each in dropped_files for message in messages(each, rows=chance.randint(1, 4))]
    again = chance.choices(once, k=chance.randint(0, len(once)))
    return chance.sample([*once, *again], len(once) + len(again))


def check(house: Warehouse, chance: random.Random, folder: Path) -> None:
    """Drop some files, deliver them anyhow, and compare everything with the model."""
    dropped_files = files(chance, house.catalog)
    house.claim(*dropped_files)
    house.deliver(*arrival(chance, dropped_files))

    model = Model(house.catalog)
    model.drop_all(dropped_files)
    assert house.tables() == model.tables
    assert {name: house.inferred(name) for name in model.tables} == {
        name: model.inferred(name) for name in model.tables
    }
    assert house.rejects() == sorted(model.rejects)
    assert [house.summary(folder, summary) for summary in house.catalog.summaries] == [
        model.summary(summary) for summary in house.catalog.summaries
    ]
    check_ledger(house, model, dropped_files)


def check_ledger(house: Warehouse, model: Model, dropped_files: list[DroppedFile]) -> None:
    """Each load is complete once and balances; what is exact however the loads overlap, is exact."""
    assert house.completed_loads() == [each.load_id for each in dropped_files]
    assert house.completions == len(dropped_files)
    accounts = {each.load_id: house.accounts(each.load_id) for each in dropped_files}
    assert all(account.balance for account in accounts.values())
    for each in dropped_files:
        rejected = sum(reject.load_id == each.load_id for reject in model.rejects)
        assert (accounts[each.load_id].read, accounts[each.load_id].rejected) == (len(each.rows), rejected)
    assert sum(account.inserted for account in accounts.values()) == model.stated()


@pytest.mark.parametrize("catalog", CATALOGS)
@settings(max_examples=40, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_any_arrival_ends_in_the_same_tables_rejects_and_summary(
    catalog: Callable[[], Catalog], chance: random.Random
) -> None:
    """G1 to G4 and G6: shuffled, duplicated, overlapping; against a model that reads file after file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(Warehouse(f"sqlite:///{folder}/inflow.db", catalog())) as house:
            check(house, chance, folder)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("catalog", CATALOGS)
def test_any_arrival_ends_the_same_on_a_server(
    server_warehouse: OpenWarehouse, catalog: Callable[[], Catalog], seed: int, tmp_path: Path
) -> None:
    """The same on MySQL and MariaDB, for fixed seeds."""
    check(server_warehouse(catalog()), random.Random(seed), tmp_path)
