import pytest

from shared.extraction.header import match_header
from shared.messaging.payloads import RowsExtracted
from shared.model.datasets import Column, Dataset
from shared.model.errors import FileRefused
from shared.model.rows import type_chunk

PLACES = Dataset(
    name="places",
    files=("places*.csv",),
    columns=(
        Column(name="city", type="text", required=True),
        Column(name="county", type="text", optional=True),
        Column(name="country", type="text"),
    ),
    key=("city",),
)


def refusal(*cells: str) -> FileRefused:
    with pytest.raises(FileRefused) as caught:
        match_header(cells, PLACES)
    return caught.value


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(["city", "county", "country"], id="as declared"),
        pytest.param(["country", "city", "county"], id="in another order"),
        pytest.param(["country", "city"], id="without an optional column"),
    ],
)
def test_declared_names_in_any_order_fit(cells: list[str]) -> None:
    header = match_header(cells, PLACES)

    assert (header.names, header.ignored) == (cells, [])


def test_columns_that_are_not_declared_are_named_as_ignored() -> None:
    header = match_header(["note", "city", "country", "City"], PLACES)

    assert header.names == ["note", "city", "country", "City"]
    assert header.ignored == ["note", "City"]


def test_blanks_around_a_name_are_no_part_of_it() -> None:
    assert match_header([" city", "country\t"], PLACES).names == ["city", "country"]


def test_a_column_is_found_by_its_label_and_its_own_name_is_any_other_columns() -> None:
    born = Column(name="born", type="date", label="Date of birth")
    dataset = Dataset(name="people", files=("people*",), columns=(Column(name="id", type="text"), born), key=("id",))

    header = match_header(["Date of birth", "born", "id"], dataset)
    chunk = RowsExtracted(
        load_id=1,
        dataset="people",
        first_row=0,
        header=header.names,
        lines=[2],
        rows=[["1837-06-20", "x", "7"]],
        unreadable=[],
    )

    assert header.ignored == ["born"]
    assert type_chunk(dataset, chunk).rows == [(2, ("7", "1837-06-20"))]
    with pytest.raises(FileRefused, match="the header lacks 'Date of birth'; found: 'id', 'born'"):
        match_header(["id", "born"], dataset)


def test_a_first_column_without_a_name_is_ignored_and_that_is_said() -> None:
    header = match_header(["", "city", "country"], PLACES)

    assert header.names == ["", "city", "country"]
    assert header.ignored == ["(no name)"]


@pytest.mark.parametrize("blank", ["", "  "])
def test_any_other_column_without_a_name_refuses_the_file(blank: str) -> None:
    error = refusal("city", blank, "country")

    assert error.code == "blank-label"
    assert str(error) == (
        "column 2 of the header has no name; give it one, or take the column out; found: 'city', '', 'country'"
    )


def test_a_name_that_comes_twice_refuses_the_file() -> None:
    error = refusal("city", "country", " city ")

    assert error.code == "duplicate-label"
    assert str(error) == "the header names 'city' more than once; found: 'city', 'country', 'city'"


def test_a_missing_column_refuses_the_file_and_says_what_was_expected() -> None:
    error = refusal("City", "county")

    assert error.code == "missing-label"
    assert str(error) == (
        "the header lacks 'city', 'country'; found: 'City', 'county'; expected: 'city', 'county', 'country'"
    )


def test_a_very_long_name_is_shortened_in_the_reason() -> None:
    message = str(refusal("x" * 10_000, "a\nb"))

    assert f"'{'x' * 80}…', 'a\\nb'" in message
    assert len(message) < 300
