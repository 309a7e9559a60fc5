from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.watcher.claiming.discovery import Entry, Kind, Sighting, dataset_of, is_candidate, settled, sight
from shared.datasets import Column, Dataset
from shared.errors import FileRefused

NOW = 1_000_000.0
SETTLE_SECONDS = 2.0


def entry(
    path: str = "people.csv",
    *,
    size: int = 10,
    modified: float = NOW,
    changed: float = NOW,
    kind: Kind = "file",
) -> Entry:
    return Entry(path=path, kind=kind, size_bytes=size, modified_at=modified, changed_at=changed)


def dataset(name: str, *files: str) -> Dataset:
    return Dataset(name=name, files=files, columns=(Column(name="id", type="text"),), key=("id",))


DATASETS = {
    each.name: each
    for each in (dataset("places", "places*.csv", "orte.csv"), dataset("people", "people*.csv", "*-all.CSV"))
}
PATTERNS = "places: places*.csv, orte.csv; people: people*.csv, *-all.CSV"


def complete_at(
    now: float, *entries: Entry, before: dict[str, Sighting], renamed_in: set[str] | None = None
) -> list[str]:
    sightings = sight(entries, before, now=now)
    complete = settled(entries, sightings, declared=renamed_in or set(), now=now, settle_seconds=SETTLE_SECONDS)
    return [each.path for each in complete]


@pytest.mark.parametrize(
    "path", ["people.csv", "people/a.csv", "a.tmp.csv", "PEOPLE.CSV", "part", "a~b.csv", "no-ending"]
)
def test_a_plain_name_is_a_candidate(path: str) -> None:
    assert is_candidate(path)


@pytest.mark.parametrize(
    "path",
    [
        ".people.csv",
        ".hidden/people.csv",
        "people/.people.csv.swp",
        "people.csv.part",
        "people.csv.PART",
        "people.tmp",
        "people.Tmp",
        "people.csv~",
        "~people.csv",
        "people/~$people.csv",
    ],
)
def test_hidden_and_temporary_names_wait_until_they_are_renamed(path: str) -> None:
    assert not is_candidate(path)


def test_a_file_settles_when_it_has_looked_the_same_long_enough() -> None:
    file = entry(modified=NOW, changed=NOW)
    first = sight([file], {}, now=NOW + 0.5)

    assert complete_at(NOW + 1.9, file, before=first) == []
    assert complete_at(NOW + 2.0, file, before=first) == ["people.csv"]


def test_a_file_seen_first_is_as_old_as_its_last_change() -> None:
    assert complete_at(NOW, entry(modified=NOW - 2, changed=NOW - 2), before={}) == ["people.csv"]


def test_a_copy_that_keeps_an_old_modification_time_still_has_to_settle() -> None:
    assert complete_at(NOW, entry(modified=NOW - 86_400, changed=NOW - 1), before={}) == []


@pytest.mark.parametrize("change", [{"size_bytes": 11}, {"modified_at": NOW + 1}], ids=["size", "modification time"])
def test_a_change_begins_the_settling_anew(change: dict[str, float]) -> None:
    file = entry()
    grown = replace(file, **change)  # type: ignore[arg-type]
    changed = sight([grown], sight([file], {}, now=NOW), now=NOW + 1.5)

    assert complete_at(NOW + 3.4, grown, before=changed) == []
    assert complete_at(NOW + 3.5, grown, before=changed) == ["people.csv"]


@pytest.mark.parametrize(
    "file", [entry(modified=NOW + 86_400), entry(changed=NOW + 86_400)], ids=["modified", "changed"]
)
def test_a_time_in_the_future_delays_no_longer_than_the_settling(file: Entry) -> None:
    seen = sight([file], {}, now=NOW)

    assert complete_at(NOW + 1.9, file, before=seen) == []
    assert complete_at(NOW + 2.0, file, before=seen) == ["people.csv"]


def test_a_clock_that_was_set_back_delays_no_longer_than_the_settling() -> None:
    file = entry()
    earlier = NOW - 86_400
    seen = sight([file], sight([file], {}, now=NOW), now=earlier)

    assert complete_at(earlier + 2.0, file, before=seen) == ["people.csv"]


def test_a_file_renamed_in_is_complete_at_once() -> None:
    files = [entry("a.csv"), entry("b.csv")]

    assert complete_at(NOW, *files, before={}, renamed_in={"b.csv", "gone.csv"}) == ["b.csv"]


def test_only_regular_files_are_complete() -> None:
    assert complete_at(NOW + 9, entry(kind="other"), before={}, renamed_in={"people.csv"}) == []


def test_a_file_that_went_away_and_came_back_settles_anew() -> None:
    file = entry(modified=NOW, changed=NOW)
    gone = sight([], sight([file], {}, now=NOW), now=NOW + 1)

    assert gone == {}
    assert complete_at(NOW + 3, replace(file, changed_at=NOW + 2), before=gone) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.text("ab/", min_size=1, max_size=3)), unique_by=lambda each: each[1]))
def test_files_count_as_dropped_oldest_first_then_by_name(ages: list[tuple[int, str]]) -> None:
    files = [entry(path, modified=float(age), changed=float(age)) for age, path in ages]

    assert complete_at(NOW, *files, before={}) == [path for _, path in sorted(ages)]


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
            f"the name 'cities.csv' fits no dataset; files by dataset: {PATTERNS}",
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
