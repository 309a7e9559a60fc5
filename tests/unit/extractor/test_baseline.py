from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from services.extractor.comparing.baseline import choose_base
from shared.storage.ledger.loads import Load

NOON = datetime(2024, 5, 17, 12, 0)  # noqa: DTZ001 - the ledger keeps UTC without a zone

DROPPED = Load(
    load_id=9,
    token="",
    chunk_rows=None,
    chunk_bytes=None,
    file="people.csv",
    dataset="people",
    state="claimed",
    reason=None,
    message=None,
    size_bytes=1000,
    modified_at=NOON,
    header=(),
    ignored_columns=(),
    read_as=None,
    confidence_percent=None,
    row_count=None,
    lines=None,
    fingerprint=None,
    first_pass_milliseconds=None,
    rows_done=0,
    inserted=0,
    updated=0,
    unchanged=0,
    superseded=0,
    rejected=0,
    claimed_at=NOON,
    completed_at=None,
    summarised_at=None,
)


def complete(load_id: int, **changes: Any) -> Load:
    """An archived load of the same file, of whose rows each was inserted."""
    load = replace(
        DROPPED,
        load_id=load_id,
        state="archived",
        header=("given_name",),
        row_count=20,
        fingerprint="0f",
        rows_done=20,
        inserted=20,
        completed_at=NOON,
    )
    return replace(load, **changes)


def base(*earlier: Load) -> int | None:
    """Return the number of the base among these, given oldest first."""
    chosen = choose_base(DROPPED, reversed(earlier))
    return None if chosen is None else chosen.load_id


def test_the_latest_load_of_the_file_is_its_base() -> None:
    assert base(complete(7), complete(8)) == 8


def test_without_an_earlier_load_there_is_no_base() -> None:
    assert base() is None


def test_an_earlier_load_of_the_same_file_goes_before_a_later_one_of_another() -> None:
    assert base(complete(7), complete(8, file="people-2.csv")) == 7


@pytest.mark.parametrize(("size_bytes", "expected"), [(2000, 8), (2001, None), (500, 8), (499, None)])
def test_a_file_under_another_name_is_a_base_where_it_is_about_as_large(size_bytes: int, expected: int | None) -> None:
    assert base(complete(8, file="edition-2.csv", size_bytes=size_bytes)) == expected


def test_loads_of_other_datasets_do_not_matter() -> None:
    assert base(complete(7), complete(8, dataset="places", completed_at=None, state="reading", updated=5)) == 7


def test_nothing_from_before_a_load_that_is_not_complete_is_sure() -> None:
    assert base(complete(7), complete(8, state="published", completed_at=None)) is None


def test_a_file_that_was_refused_unread_does_not_matter() -> None:
    refused = complete(8, state="refused", header=(), completed_at=None, fingerprint=None)

    assert base(complete(7), refused) == 7
    # One that was read before may have messages on their way.
    assert base(complete(7), replace(refused, header=("given_name",))) is None


@pytest.mark.parametrize(
    ("earlier", "expected"),
    [
        pytest.param([complete(7), complete(8, file="other.csv", size_bytes=1, updated=1)], None, id="since the base"),
        pytest.param([complete(7, updated=3), complete(8, file="other.csv", size_bytes=1)], 7, id="by the base"),
    ],
)
def test_a_load_that_changed_rows_ends_the_search(earlier: Sequence[Load], expected: int | None) -> None:
    assert base(*earlier) == expected


def test_a_number_that_is_not_in_the_ledger_may_still_be_assigned_to_a_file() -> None:
    assert base(complete(6), complete(7)) is None
    assert base(complete(6), complete(8, file="other.csv", size_bytes=1)) is None


def test_rows_may_have_been_superseded_by_a_later_load_unless_there_was_none() -> None:
    assert base(complete(8, superseded=1)) == 8
    assert base(complete(7, superseded=1), complete(8, file="other.csv", size_bytes=1)) is None


@pytest.mark.parametrize("change", [{"fingerprint": None}, {"rejected": 1001}])
def test_what_can_not_be_compared_is_no_base(change: dict[str, Any]) -> None:
    assert base(complete(7), complete(8, **change)) == 7
