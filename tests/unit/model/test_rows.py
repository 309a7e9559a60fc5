import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.payloads import RowsExtracted
from shared.model.datasets import Column, Dataset
from shared.model.reasons import Reason
from shared.model.rows import Rejection, TypedChunk, as_csv, type_chunk
from shared.model.unreadable_rows import UnreadableRow
from tests.support.hostile import HOSTILE_STRINGS

PEOPLE = Dataset(
    name="people",
    files=("people*.csv",),
    columns=(
        Column(name="name", type="text", length=20, required=True),
        Column(name="children", type="integer", optional=True),
        Column(name="height", type="decimal", precision=5, scale=2, optional=True),
        Column(name="born", type="date", optional=True),
        Column(name="seen", type="timestamp", optional=True),
        Column(name="alive", type="boolean", optional=True),
    ),
    key=("name",),
)
HEADER = ["name", "children", "height", "born", "seen", "alive"]


def typed(header: list[str], *rows: list[str], unreadable: list[UnreadableRow] | None = None) -> TypedChunk:
    """Type rows that begin on line 2."""
    chunk = RowsExtracted(
        load_id=1,
        dataset="people",
        first_row=0,
        header=header,
        lines=list(range(2, 2 + len(rows))),
        rows=list(rows),
        unreadable=unreadable or [],
    )
    return type_chunk(PEOPLE, chunk)


def rejection(header: list[str], *cells: str) -> Rejection:
    chunk = typed(header, list(cells))
    assert chunk.rows == []
    [rejected] = chunk.rejections
    return rejected


def test_each_column_gets_a_value_of_its_type_in_declared_order() -> None:
    cells = ["true", "2024-05-17 10:00Z", "1990-01-02", "1.8", "3", "Ada"]

    chunk = typed(HEADER[::-1], cells)

    assert chunk.rows == [(2, ("Ada", 3, "1.80", "1990-01-02", "2024-05-17 10:00:00.000000", 1))]
    assert chunk.rejections == []


def test_an_absent_column_and_an_empty_value_are_null() -> None:
    assert typed(["name", "born"], ["Ada", ""]).rows == [(2, ("Ada", None, None, None, None, None))]


def test_undeclared_columns_are_ignored() -> None:
    assert typed(["x", "name", "Born"], ["1", "Ada", "never"]).rows == [(2, ("Ada", None, None, None, None, None))]


def test_each_row_keeps_its_line_if_others_are_rejected() -> None:
    chunk = typed(["name", "born"], ["Ada", ""], ["Bob", "soon"], ["Cy", ""])

    assert [(line, row[0]) for line, row in chunk.rows] == [(2, "Ada"), (4, "Cy")]
    assert [rejected.line for rejected in chunk.rejections] == [3]


@pytest.mark.parametrize(
    ("cells", "code", "message"),
    [
        (["Ada"], "missing-cell", "the row has 1 values, the header has 2"),
        (["Ada", "", "x"], "extra-cell", "the row has 3 values, the header has 2"),
    ],
)
def test_a_row_of_the_wrong_width_is_rejected_as_a_whole(cells: list[str], code: Reason, message: str) -> None:
    assert rejection(["name", "born"], *cells) == Rejection(
        line=2, column=None, code=code, message=message, raw=",".join(cells)
    )


def test_a_fault_is_reported_with_column_code_message_and_raw_text() -> None:
    assert rejection(["name", "born"], "Ada", "soon") == Rejection(
        line=2,
        column="born",
        code="type-error",
        message="born: 'soon' is not a date; expected YYYY-MM-DD, e.g. 1984-12-31",
        raw="Ada,soon",
    )


def test_a_row_with_several_faults_counts_once_with_all_messages() -> None:
    rejected = rejection(["alive", "born", "name", "note"], "perhaps", "soon", "", "x")

    assert (rejected.column, rejected.code) == ("name", "constraint-error")
    assert [part.split(":")[0] for part in rejected.message.split("; ") if ": " in part] == [
        "name",
        "born",
        "alive",
    ]


@pytest.mark.parametrize("blank", ["", " \t"])
def test_a_row_of_only_delimiters_is_blank(blank: str) -> None:
    rejected = rejection(HEADER, *[blank] * len(HEADER))

    assert (rejected.code, rejected.column, rejected.raw) == ("blank-row", None, ",".join([blank] * len(HEADER)))


def test_a_repeated_header_is_rejected_unless_it_has_a_single_name() -> None:
    rejected = rejection(["name", "remark"], "name", "remark")

    assert (rejected.code, rejected.column, rejected.message) == ("type-error", None, "the row repeats the header")
    assert [row[0] for _, row in typed(["name"], ["name"]).rows] == ["name"]


def test_an_unreadable_row_is_a_rejection() -> None:
    bad = UnreadableRow(line=9, code="dialect-error", message="a quote is never closed", raw='"Ada')

    assert typed(["name"], ["Bob"], unreadable=[bad]).rejections == [
        Rejection(line=9, column=None, code="dialect-error", message="a quote is never closed", raw='"Ada')
    ]


@given(st.lists(st.lists(st.sampled_from(["Ada", "", "1", "1990-01-01", "yes", "x"]), max_size=4), max_size=9))
def test_every_row_is_typed_or_rejected(rows: list[list[str]]) -> None:
    chunk = typed(["name", "born", "alive"], *rows)

    lines = [line for line, _ in chunk.rows] + [rejected.line for rejected in chunk.rejections]
    assert sorted(lines) == list(range(2, 2 + len(rows)))


def record_in(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline=""), strict=True))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.text('",\r\na '), min_size=1))
def test_the_raw_text_is_one_csv_record_that_reads_back(cells: list[str]) -> None:
    assert record_in(as_csv(cells)) == [cells]


def test_hostile_strings_read_back_from_the_raw_text() -> None:
    assert record_in(as_csv(HOSTILE_STRINGS)) == [list(HOSTILE_STRINGS)]
