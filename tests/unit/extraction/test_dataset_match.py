"""The choice of a file's dataset."""

import pytest

from shared.extraction.dataset_match import dataset_of
from shared.model.datasets import Column, Dataset
from shared.model.errors import FileRefused


def dataset(name: str, *files: str) -> Dataset:
    return Dataset(name=name, files=files, columns=(Column(name="id", type="text"),), key=("id",))


DATASETS = {
    each.name: each
    for each in (dataset("places", "places*.csv", "orte.csv"), dataset("people", "people*.csv", "*-all.CSV"))
}
PATTERNS = "places: places*.csv, orte.csv; people: people*.csv, *-all.CSV"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("people.csv", "people"),
        ("People-2024.CSV", "people"),
        ("orte.csv", "places"),
        ("east-ALL.csv", "people"),
        ("places/people.csv", "places"),
        ("people/whatever", "people"),
        ("people/2024/05.csv", "people"),
    ],
)
def test_a_file_feeds_the_dataset_of_its_folder_else_of_its_name(path: str, name: str) -> None:
    assert dataset_of(path, DATASETS) == name


@pytest.mark.parametrize(
    ("path", "code", "message"),
    [
        (
            "cities.csv",
            "no-dataset",
            f"the name 'cities.csv' matches no dataset; files by dataset: {PATTERNS}",
        ),
        (
            "cities/people.csv",
            "no-dataset",
            "the folder 'cities' names no dataset; expected one of: places, people",
        ),
        (
            "places-all.csv",
            "ambiguous-dataset",
            f"the name fits places and people; files by dataset: {PATTERNS}",
        ),
    ],
)
def test_a_file_of_no_single_dataset_is_refused_with_what_was_expected(path: str, code: str, message: str) -> None:
    with pytest.raises(FileRefused) as caught:
        dataset_of(path, DATASETS)

    assert (caught.value.code, str(caught.value)) == (code, message)
