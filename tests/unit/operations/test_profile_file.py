"""The profile of a file: what is read, and which of its columns may refer to a dataset."""

import io
from collections.abc import Sequence

import pytest

from shared.model.datasets import NOTHING_FIXED, Dataset
from shared.model.errors import FileRefused
from shared.model.values import Value
from shared.operations.key_lookup import without_database
from shared.operations.profile_file import profile_file, with_references
from tests.support.catalogs import default_catalog

VISITS = b"visit,city\n" + b"".join(b"%d,%s\n" % (number, (b"Weir", b"Bath")[number % 2]) for number in range(60))


def test_a_file_is_read_to_its_end() -> None:
    profile = profile_file(io.BytesIO(VISITS), name="visits.csv", settings=NOTHING_FIXED).profile

    assert (profile.file, profile.rows, [column.name for column in profile.columns]) == (
        "visits.csv",
        60,
        ["visit", "city"],
    )
    assert profile.account is not None
    assert (profile.account.lines, profile.account.rows) == (61, 60)
    assert profile.read_as.startswith("csv")
    assert (profile.truncation, profile.doubt, profile.references) == (None, None, ())


def test_a_file_without_a_table_is_refused() -> None:
    with pytest.raises(FileRefused):
        profile_file(io.BytesIO(b""), name="empty.csv", settings=NOTHING_FIXED)


def test_columns_whose_values_are_keys_of_a_dataset_may_refer_to_it() -> None:
    table = profile_file(io.BytesIO(VISITS), name="visits.csv", settings=NOTHING_FIXED)
    asked: list[Sequence[Value]] = []

    def all_of_them(dataset: Dataset, keys: Sequence[Value]) -> int:
        assert dataset.name == "places"
        asked.append(sorted(map(str, keys)))
        return len(keys)

    [reference] = [
        each for each in with_references(table, default_catalog(), all_of_them).references if each.column == "city"
    ]

    assert (reference.dataset, ["Bath", "Weir"] in asked) == ("places", True)


def test_without_a_database_names_and_types_decide() -> None:
    table = profile_file(io.BytesIO(VISITS), name="visits.csv", settings=NOTHING_FIXED)

    found = with_references(table, default_catalog(), without_database).references

    assert [(each.column, each.dataset) for each in found] == [("city", "places")]
