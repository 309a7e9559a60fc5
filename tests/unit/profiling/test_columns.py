"""The profile of one column: type, range, distribution and anomalies."""

import pytest

from shared.model.datasets import TypeName
from tests.unit.profiling.tables import codes, column_of, profile_of


@pytest.mark.parametrize(
    ("values", "type_name"),
    [
        (["1", "-42", " 7 "], "integer"),
        (["1", "0", "1"], "integer"),
        (["1", "2.50"], "decimal"),
        (["0.5", "0.30000000000000004", "1"], "float"),
        (["0.1234567890123456", "33.333333333333336"], "float"),
        (["1e-05", "0.5"], "float"),
        (["1.5E+300", "7"], "float"),
        (["1e-7", "12.5", "1E3"], "float"),
        (["12E4", "1300"], "text"),
        (["12.345678901234567890", "1.234567890123456789"], "decimal"),
        (["12345678.12345678", "87654321.87654321"], "decimal"),
        (["12345678901234567890"], "decimal"),
        (["0.5", "1e400"], "text"),
        ([str(2**63)], "decimal"),
        (["1837-06-20", ""], "date"),
        (["2024-05-31T14:03:00Z", "2024-05-31 14:03"], "timestamp"),
        (["yes", "No", ""], "boolean"),
        (["true", "1", "false"], "boolean"),
        (["n", "n"], "text"),
        (["007", "008"], "text"),
        (["00.5"], "text"),
        (["0", "0.5", "-0.5"], "decimal"),
        (["2024-05-31", "2024-05-31T14:03:00"], "timestamp"),
        (["1", "x"], "text"),
        (["1_000"], "text"),
        (["9" * 36], "text"),
        (["", ""], "text"),
        ([], "text"),
    ],
)
def test_the_type_is_the_narrowest_that_accepts_every_value(values: list[str], type_name: TypeName) -> None:
    assert column_of(values).type == type_name


@pytest.mark.parametrize(
    ("values", "type_name", "null"),
    [
        (["1", "NA", "3"], "integer", ("NA",)),
        (["1.5", "n/a", " - ", "-"], "decimal", ("-", "n/a")),
        (["2024-05-31", "NULL"], "date", ("NULL",)),
        (["yes", "no", "?"], "boolean", ("?",)),
        (["9999-12-31", "2024-05-31"], "date", ()),
        (["1", "NA", "x"], "text", ()),
        (["Oslo", "NA"], "text", ()),
        (["NA", "-"], "text", ()),
    ],
)
def test_null_markers_do_not_affect_the_type(values: list[str], type_name: TypeName, null: tuple[str, ...]) -> None:
    column = column_of(values)

    assert (column.type, column.null) == (type_name, null)


def test_null_markers_count_as_empty() -> None:
    column = column_of(["7", "NA", "3", "", "NA", "7"])

    assert (column.values, column.empty, column.distinct.count) == (3, 3, 2)
    assert (column.least, column.greatest) == ("3", "7")
    assert [(each.value, each.count) for each in column.most_frequent.values] == [("7", 2), ("3", 1)]
    assert column.histogram is not None
    assert column.histogram.counted == 3


def test_a_decimal_has_the_digits_that_it_needs() -> None:
    column = column_of(["0.125", "-1234.5", "12.500000"])

    assert (column.type, column.whole_digits, column.least_scale, column.scale) == ("decimal", 4, 1, 6)
    assert (column.least, column.greatest) == ("-1234.5", "12.5")


@pytest.mark.parametrize(
    ("values", "type_name"),
    [
        (["+491701234567", "+4520123456"], "text"),
        (["+1", "2", "3"], "text"),
        (["+1.5", "+2.5"], "text"),
        (["+1.234,50", "+2,00"], "text"),
        (["+5", "-7", "+6"], "integer"),
        (["+1.5", "-0.25"], "decimal"),
        (["01067", "80331"], "text"),
        (["12E4", "13E5"], "text"),
    ],
)
def test_a_column_stays_text_if_numbers_would_lose_information(values: list[str], type_name: TypeName) -> None:
    assert column_of(values).type == type_name


@pytest.mark.parametrize(
    "name", ["phone", "home_phone", "Phone 2", "ZipCode", "zip code", "PLZ", "postal_code", "Telefon"]
)
def test_columns_named_like_codes_are_text(name: str) -> None:
    [column, _] = profile_of([name, "other"], [["10115", "o"], ["80331", "o"]]).columns

    assert column.type == "text"


@pytest.mark.parametrize("name", ["capital", "zipped", "telling", "amount", "market_cap"])
def test_columns_with_other_names_are_numbers(name: str) -> None:
    [column, _] = profile_of([name, "other"], [["10115", "o"], ["80331", "o"]]).columns

    assert column.type == "integer"


def test_ranges_are_those_of_values_not_of_texts() -> None:
    numbers = column_of(["9", "10", "-3"])
    moments = column_of(["2024-01-01T00:30:00+02:00", "2023-12-31T23:00:00Z"])

    assert (numbers.least, numbers.greatest) == ("-3", "10")
    assert (moments.least, moments.greatest) == ("2023-12-31 22:30:00", "2023-12-31 23:00:00")


def test_a_text_column_has_lengths_instead_of_a_range() -> None:
    column = column_of(["José", "", "Anne-Marie"])

    assert (column.least, column.shortest, column.longest) == (None, 4, 10)
    assert (column.values, column.empty, column.distinct.count) == (2, 1, 2)
    assert column.histogram is not None
    assert column.histogram.of == "lengths"


def test_quantiles_are_values_by_nearest_rank() -> None:
    column = column_of([str(number) for number in range(1, 101)])

    assert [(each.share, each.value) for each in column.quantiles] == [
        (0.05, "5"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (0.95, "95"),
    ]  # fmt: skip


def test_exceptions_are_reported_with_share_and_first_lines() -> None:
    column = column_of(["1", "2", "x", "3", "4", "5", "6", "7", "8", "y"])

    [finding] = column.findings
    assert (column.type, finding.code, finding.lines) == ("text", "mixed-types", (4, 11))
    assert "80.0 % of the values are an integer" in finding.message
    assert "2 values, 'x', 'y'" in finding.message


def test_a_type_that_accepts_less_than_half_is_ruled_out() -> None:
    column = column_of([f"x{number}" for number in range(20_001)] + ["7"] * 30_000)

    assert (column.type, codes(column)) == ("text", [])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a", "N/A", "-"], "placeholder"),
        (["2024-01-01", "9999-12-31"], "placeholder"),
        (["a", " b"], "blanks"),
        (["007", "8"], "leading-zero"),
        (["Berlin", "berlin", "Bonn"], "spelling"),
        (["a", "a", ""], "constant"),
        (["", ""], "empty"),
        (["a\0", "b"], "unstorable"),
    ],
)
def test_anomalies_are_found(values: list[str], expected: str) -> None:
    assert expected in codes(column_of(values))


@pytest.mark.parametrize("values", [["a", "b"], ["1", "2"], ["0", "0.5"], ["a"], [], ["2024-01-01", "2024-01-02"]])
def test_ordinary_values_are_not_anomalies(values: list[str]) -> None:
    assert codes(column_of(values)) == []


def test_leading_zeros_are_reported_with_their_lines() -> None:
    [finding] = column_of(["01234", "98765", "00007"]).findings[:1]

    assert finding.lines == (2, 4)


def test_garbled_text_is_reported() -> None:
    column = column_of(["MÃ¼ller", "Jos\x92s", "Zoë"])

    assert [(finding.code, finding.lines) for finding in column.findings] == [
        ("double-encoded", (2,)),
        ("control-characters", (3,)),
    ]
