"""Files whose lines are easily lost, from `inflow read` by `inflow profile --toml` into a table."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.command import Inflow
from verification.corpus.silence import Sent, sent_files, trouble_files
from verification.corpus.ways import outcomes


@pytest.fixture
def inflow(tmp_path: Path) -> Inflow:
    return Inflow(tmp_path)


def _lines(count: int, pattern: str) -> str:
    return "".join(pattern.replace("#", str(number)) + "\n" for number in range(1, count + 1))


CHANGED_WIDTH = "id,name,note\n" + _lines(16, "#,n#,x") + _lines(43, "9#,n#")
LARGE_VALUE = 'subject,body\nHello,"' + "\nsome text, and more" * 60_000 + '"\n' + _lines(3, "Bye #,ok")


@pytest.mark.parametrize(
    ("text", "rows", "rejected"),
    [
        pytest.param(CHANGED_WIDTH, 16, 43, id="the width changes"),
        pytest.param(LARGE_VALUE, 3, 1, id="a large value"),
        pytest.param("customer,region\n" + _lines(39, "C#,R#"), 39, 0, id="growing codes"),
        pytest.param("| id | name |\n|----|------|\n" + _lines(5, "| # | Anna # |"), 5, 0, id="Markdown"),
        pytest.param("Bank;North\n\nid;day;sum;note\n" + _lines(4, "#;2024-01-01;#,50;x"), 4, 0, id="a preamble"),
    ],
)
def test_a_proposed_dataset_loads_the_rows_that_read_shows(inflow: Inflow, text: str, rows: int, rejected: int) -> None:
    path = inflow.root / "things.csv"
    path.write_text(text)

    shown = inflow("read", str(path))
    proposed = inflow("profile", str(path), "--toml")
    assert len([*csv.reader(shown.stdout.splitlines())]) == rows + 1
    assert f"({rows} rows, {rejected} rejected" in shown.stderr

    (inflow.root / "inflow.toml").write_text(proposed.stdout)
    path.rename(inflow.inbox / "things.csv")
    inflow.run()

    load = inflow.loads()["things.csv"]
    assert (load["inserted"], load["rejected"]) == (rows, rejected)
    lines = load["lines"]
    assert lines["lines"] == len(text.splitlines())
    assert lines["lines"] == load["rows_read"] + lines["continued"] + sum(lines["named"].values())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("a,b\n1,x\n" + _lines(500, "#,y,z"), "do not have 2 columns", id="the width grows at once"),
        pytest.param("a,b,c,d,e\n" + _lines(9, "x#,#,y"), "do not have 5 columns", id="two names more"),
        pytest.param("id,price,qty\n" + _lines(20, "10#,15,87,2"), "do not have 3 columns", id="decimal commas"),
        pytest.param("Name,Town\nAnn,Ayr\nBob,Bath\n", "the header or a row", id="only texts"),
    ],
)
def test_no_dataset_is_proposed_for_a_file_that_a_load_would_refuse(inflow: Inflow, text: str, why: str) -> None:
    path = inflow.root / "things.csv"
    path.write_text(text)

    proposed = inflow("profile", str(path), "--toml")

    assert (proposed.returncode, proposed.stdout) == (1, "")
    assert why in proposed.stderr
    assert why in inflow("read", str(path)).stderr


#: Its values are stored as numbers and booleans, which are written otherwise than in the file.
_TYPED = frozenset(["t62b_profile_types_x.csv"])
_SLICES = 4


@pytest.mark.parametrize("slice_of", range(_SLICES))
def test_files_of_each_kind_are_right_or_refused_whichever_way_they_go(tmp_path: Path, slice_of: int) -> None:
    files = [*trouble_files(), *sent_files()][slice_of::_SLICES]

    found = [*outcomes(files, tmp_path)]

    assert len(found) == 3 * len(files)
    wrong = [outcome for outcome in found if outcome.verdict == "wrong"]
    assert [outcome for outcome in wrong if outcome.file not in _TYPED] == []
    assert sum(outcome.verdict == "right" for outcome in found) > len(found) * 0.7
    assert all(outcome.detail for outcome in found if outcome.verdict == "refused")


def test_a_wrong_row_and_a_missing_one_are_found(tmp_path: Path) -> None:
    right = Sent(
        name="a_x.csv", content=b"id,name\n1,Ann\n2,Bob\n", labels=["id", "name"], rows=[["1", "Ann"], ["2", "Bob"]]
    )
    files = [
        right,
        replace(right, name="b_x.csv", rows=[["1", "Ann"]]),
        replace(right, name="c_x.csv", rows=[*right.rows, ["3", "Cy"]]),
        replace(right, name="d_x.csv", labels=["id", "other"]),
    ]

    found = {(outcome.file[0], outcome.way): outcome.verdict for outcome in outcomes(files, tmp_path)}

    assert {found["a", way] for way in ("read", "proposed", "declared")} == {"right"}
    assert {found[name, way] for name in "bc" for way in ("read", "proposed", "declared")} == {"wrong"}
    assert (found["d", "read"], found["d", "declared"]) == ("wrong", "refused")
