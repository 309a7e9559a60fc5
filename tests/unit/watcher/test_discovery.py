import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.watcher.claiming.discovery import (
    Entry,
    EntryType,
    Sighting,
    complete_files,
    in_order,
    is_candidate,
    sight,
)

NOW = 1_000_000.0
SETTLE_SECONDS = 2.0


def entry(
    path: str = "people.csv",
    *,
    size: int = 10,
    modified: float = NOW,
    changed: float = NOW,
    kind: EntryType = "file",
) -> Entry:
    return Entry(path=path, kind=kind, size_bytes=size, modified_at=modified, changed_at=changed)


def seen(
    *entries: Entry, at: float, before: dict[str, Sighting] | None = None, looked_at: float = -math.inf
) -> dict[str, Sighting]:
    """What a look sees, the first one if none was before."""
    return sight(entries, before or {}, looked_at=looked_at, now=at)


def complete_at(
    now: float, *entries: Entry, before: dict[str, Sighting], renamed_in: set[str] | None = None
) -> set[str]:
    sightings = seen(*entries, at=now, before=before)
    return complete_files(entries, sightings, declared=renamed_in or set(), now=now, settle_seconds=SETTLE_SECONDS)


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
    first = seen(file, at=NOW + 0.5)

    assert complete_at(NOW + 1.9, file, before=first) == set()
    assert complete_at(NOW + 2.0, file, before=first) == {"people.csv"}


def test_a_file_seen_first_is_as_old_as_its_last_change() -> None:
    assert complete_at(NOW, entry(modified=NOW - 2, changed=NOW - 2), before={}) == {"people.csv"}


def test_a_copy_that_keeps_an_old_modification_time_still_has_to_settle() -> None:
    assert complete_at(NOW, entry(modified=NOW - 86_400, changed=NOW - 1), before={}) == set()


@pytest.mark.parametrize("change", [{"size_bytes": 11}, {"modified_at": NOW + 1}], ids=["size", "modification time"])
def test_a_change_begins_the_settling_again(change: dict[str, float]) -> None:
    file = entry()
    grown = replace(file, changed_at=NOW + 1, **change)  # type: ignore[arg-type]
    changed = seen(grown, at=NOW + 1.5, before=seen(file, at=NOW), looked_at=NOW)

    assert complete_at(NOW + 2.9, grown, before=changed) == set()
    assert complete_at(NOW + 3.0, grown, before=changed) == {"people.csv"}


def test_a_file_that_changed_settles_from_the_same_moment_as_one_that_is_new() -> None:
    """G4 The last drop wins: a watcher that was held up for a while finds both complete, and takes them in order."""
    first = entry("a.csv")
    later = [replace(each, size_bytes=11, changed_at=NOW + 1, modified_at=NOW + 1) for each in (first, entry("b.csv"))]
    sightings = seen(*later, at=NOW + 4, before=seen(first, at=NOW), looked_at=NOW)

    assert sightings["a.csv"] == sightings["b.csv"]
    assert complete_at(NOW + 4, *later, before=sightings) == {"a.csv", "b.csv"}


@pytest.mark.parametrize("before", [{}, seen(entry(size=9), at=NOW)], ids=["a new file", "a file that has changed"])
def test_a_clock_of_the_file_system_that_is_behind_makes_no_change_older_than_the_last_look(
    before: dict[str, Sighting],
) -> None:
    file = entry(modified=NOW - 86_400, changed=NOW - 86_400)
    found = seen(file, at=NOW + 1, before=before, looked_at=NOW)

    assert complete_at(NOW + 1.9, file, before=found) == set()
    assert complete_at(NOW + 2.0, file, before=found) == {"people.csv"}


@pytest.mark.parametrize(
    "file", [entry(modified=NOW + 86_400), entry(changed=NOW + 86_400)], ids=["modified", "changed"]
)
def test_a_time_in_the_future_delays_no_longer_than_the_settling(file: Entry) -> None:
    found = seen(file, at=NOW)

    assert complete_at(NOW + 1.9, file, before=found) == set()
    assert complete_at(NOW + 2.0, file, before=found) == {"people.csv"}


def test_a_clock_that_was_set_back_delays_no_longer_than_the_settling() -> None:
    file = entry()
    earlier = NOW - 86_400
    found = seen(file, at=earlier, before=seen(file, at=NOW), looked_at=NOW)

    assert complete_at(earlier + 2.0, file, before=found) == {"people.csv"}


def test_a_file_renamed_in_is_complete_at_once() -> None:
    files = [entry("a.csv"), entry("b.csv")]

    assert complete_at(NOW, *files, before={}, renamed_in={"b.csv", "gone.csv"}) == {"b.csv"}


def test_only_regular_files_are_complete() -> None:
    assert complete_at(NOW + 9, entry(kind="other"), before={}, renamed_in={"people.csv"}) == set()


def test_a_file_that_went_away_and_came_back_settles_again() -> None:
    file = entry(modified=NOW, changed=NOW)
    gone = seen(at=NOW + 1, before=seen(file, at=NOW), looked_at=NOW)

    assert gone == {}
    assert complete_at(NOW + 3, replace(file, changed_at=NOW + 2), before=gone) == set()


@given(st.lists(st.tuples(st.integers(0, 3), st.text("ab/", min_size=1, max_size=3)), unique_by=lambda each: each[1]))
def test_files_count_as_dropped_oldest_first_then_by_name(ages: list[tuple[int, str]]) -> None:
    files = [entry(path, modified=float(age), changed=float(age)) for age, path in ages]

    assert [each.path for each in in_order(files)] == [path for _, path in sorted(ages)]
