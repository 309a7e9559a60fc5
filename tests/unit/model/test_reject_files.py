"""The rejects that the rows of a corrected rejects file name."""

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.messaging.payloads import RowsExtracted
from shared.model.reject_files import NamedLoad, load_label, named_rejects, report_columns

TOKEN = "0123456789abcdef"
ONE = load_label(1, TOKEN)
NAMES = ["load", "line", "byte_offset", "column", "code", "message"]


def named(header: list[str], *rows: list[str], rejected: Collection[int] = ()) -> dict[NamedLoad, set[int]]:
    chunk = RowsExtracted(
        load_id=9,
        dataset="people",
        first_row=0,
        header=header,
        lines=list(range(2, 2 + len(rows))),
        rows=list(rows),
        unreadable=[],
    )
    return named_rejects(chunk, rejected)


def report(load_id: str, line: str) -> list[str]:
    return [load_id, line, "", "born", "type-error", "-"]


def test_accepted_rows_name_load_and_line() -> None:
    rows = [["Ada", *report(ONE, "4")], ["Bo", *report(ONE, "7")], ["Cy", *report("2", "4")]]

    assert named(["name", *NAMES], *rows) == {(1, TOKEN): {4, 7}, (2, ""): {4}}
    assert named(["name", *NAMES], *rows, rejected={3}) == {(1, TOKEN): {4}, (2, ""): {4}}


def test_a_row_that_was_rejected_twice_names_both() -> None:
    header = ["name", *NAMES, *(f"_{name}" for name in NAMES)]

    assert named(header, ["Ada", *report(ONE, "4"), *report("2", "3")]) == {(1, TOKEN): {4}, (2, ""): {3}}


@pytest.mark.parametrize(
    ("load_id", "line"),
    [
        ("", ""),
        ("1", ""),
        ("one", "4"),
        ("1", "-4"),
        ("1.0", "4"),
        ("²", "4"),
        ("9" * 19, "4"),
        ("1-", "4"),
        ("1-xyz", "4"),
        (f"1-{TOKEN}0", "4"),
        (f"1-{TOKEN[1:]}", "4"),
        (f"1-{TOKEN.upper()}", "4"),
        (f"-{TOKEN}", "4"),
    ],
)
def test_garbage_names_nothing(load_id: str, line: str) -> None:
    assert named(["name", *NAMES], ["Ada", *report(load_id, line)]) == {}


def test_blanks_around_a_number_are_ignored() -> None:
    assert named(["name", *NAMES], ["Ada", *report(f" {ONE}", "4 ")]) == {(1, TOKEN): {4}}


@pytest.mark.parametrize(
    "header",
    [
        ["name"],
        NAMES,
        ["name", *NAMES[:-1]],
        ["name", *NAMES, "note"],
        ["name", *reversed(NAMES)],
        ["name", *(f"_{name}" for name in NAMES)],
        ["line", "name", *NAMES],
    ],
)
def test_a_header_that_inflow_did_not_write_names_nothing(header: list[str]) -> None:
    assert not named(header, ["1"] * len(header))


@given(st.lists(st.sampled_from([*NAMES, "_line", "__line", "name"]), min_size=1, unique=True))
def test_report_columns_never_clash_with_the_columns_of_a_file(header: list[str]) -> None:
    own = report_columns(header)

    assert not set(own) & set(header)
    cells = ["x"] * len(header)
    assert named([*header, *own], [*cells, *report(ONE, "4")]) == {(1, TOKEN): {4}}
