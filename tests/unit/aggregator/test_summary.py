import csv
import json
import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.aggregator.summary import Row, render
from shared.model.datasets import Summary, SummaryFormat

NAMES = ["country", "row_count"]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
#: A text that already begins with our quote can't be distinguished from one that got it.
CELLS = (TEXTS | st.text('",\r\n =-1')).filter(lambda text: not text.startswith("'"))


def count(output_format: SummaryFormat = "json-object") -> Summary:
    return Summary(file="out", format=output_format, count="people", by=("birthplace", "country"))


def query(output_format: SummaryFormat) -> Summary:
    return Summary(file="out", format=output_format, query="SELECT …")


def csv_of(names: list[str], *rows: Row) -> list[list[str]]:
    text = render(query("csv"), names, rows).decode()
    return list(csv.reader(StringIO(text, newline=""), strict=True))


def test_the_reference_answer_is_exact() -> None:
    rows = [("Northern Ireland", Decimal(1952)), ("Scotland", Decimal(8048))]

    assert render(count(), NAMES, rows) == b'{"Scotland":8048,"Northern Ireland":1952}'


def test_counts_are_sorted_by_number_then_by_name() -> None:
    rows = [("b", 2), ("a", 2), ("Z", 2), ("é", 2), ("d", 10), ("c", 1)]

    assert render(count(), NAMES, rows).decode() == '{"d":10,"Z":2,"a":2,"b":2,"é":2,"c":1}'


@given(st.dictionaries(TEXTS, st.integers(0, 9)), st.data())
def test_the_order_of_the_rows_does_not_matter(counts: dict[str, int], data: st.DataObject) -> None:
    rows = data.draw(st.permutations(list(counts.items())))

    document = render(count(), NAMES, rows)

    assert document == render(count(), NAMES, list(counts.items()))
    assert json.loads(document) == counts


@pytest.mark.parametrize(
    ("output_format", "document"),
    [("json-object", b"{}"), ("json-rows", b"[]"), ("csv", b"country,row_count\r\n")],
)
def test_an_empty_count_is_an_empty_document(output_format: SummaryFormat, document: bytes) -> None:
    assert render(count(output_format), NAMES, []) == document


def test_groups_that_are_not_text_are_named_as_in_json() -> None:
    rows = [(1984, 3), (None, 2), (date(1990, 1, 2), 1), (True, 1)]

    assert json.loads(render(count(), NAMES, rows)) == {"1984": 3, "null": 2, "1990-01-02": 1, "true": 1}


def test_rows_are_objects_by_the_names_of_the_columns() -> None:
    document = render(count("json-rows"), NAMES, [("Scotland", 1), ("Wales", 2)])

    assert document == b'[{"country":"Wales","row_count":2},{"country":"Scotland","row_count":1}]'


@pytest.mark.parametrize("output_format", ["json-object", "json-rows", "csv"])
def test_the_rows_of_a_query_keep_their_own_order(output_format: SummaryFormat) -> None:
    document = render(query(output_format), ["who", "n"], [("Cy", 1), ("Ada", 3), ("Bob", 2)]).decode()

    assert re.findall("Ada|Bob|Cy", document) == ["Cy", "Ada", "Bob"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        (True, True),
        (-5, -5),
        (1.5, 1.5),
        ("", ""),
        ("José 😀\n", "José 😀\n"),
        (Decimal(8048), 8048),
        (Decimal(-3), -3),
        (Decimal("12.0000"), "12.0000"),
        (Decimal("-0.10"), "-0.10"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal(2**63), 2**63),
        (Decimal(2**64), str(2**64)),
        (Decimal(-(10**30)), str(-(10**30))),
        (date(1837, 6, 20), "1837-06-20"),
        (datetime(2024, 5, 17, 12, 30), "2024-05-17T12:30:00"),  # noqa: DTZ001 - databases have no zone
        (b"abc", "abc"),
        (timedelta(hours=1), "1:00:00"),
    ],
)
def test_a_value_is_rendered_as_json(value: Any, shown: Any) -> None:
    assert json.loads(render(query("json-rows"), ["v"], [[value]])) == [{"v": shown}]
    assert json.loads(render(query("json-object"), ["name", "v"], [["n", value]])) == {"n": shown}


def test_csv_has_a_header_and_one_record_per_row() -> None:
    document = render(count("csv"), NAMES, [("Northern Ireland", 1), ('a "b", c', 2)])

    assert document == b'country,row_count\r\n"a ""b"", c",2\r\nNorthern Ireland,1\r\n'


@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=4))
def test_any_text_reads_back_from_csv_except_the_quote_before_a_formula(rows: list[list[str]]) -> None:
    header, *records = csv_of(["a", "b"], *rows)

    assert header == ["a", "b"]
    assert [[_undone(cell) for cell in record] for record in records] == rows


def _undone(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in set("=+-@\t\r\n") else cell


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1+1",
        "-",
        "-1e5",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "=cmd|'/c calc'!A0",
        "-1\n",
        "--1",
    ],
)
def test_a_text_that_a_spreadsheet_would_evaluate_is_made_harmless(text: str) -> None:
    assert csv_of(["a"], [text]) == [["a"], [f"'{text}"]]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (-5, "-5"),
        (-1.5, "-1.5"),
        (Decimal("-12.50"), "-12.50"),
        (Decimal(-3), "-3"),
        ("-12.50", "-12.50"),
        ("a=b", "a=b"),
        ("'quoted", "'quoted"),
    ],
)
def test_negative_numbers_and_plain_texts_stay_as_they_are(value: Any, cell: str) -> None:
    assert csv_of(["a"], [value]) == [["a"], [cell]]
