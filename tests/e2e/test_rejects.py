"""Rejected rows from the user's view: reported, corrected, dropped again, healed."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from shared.runtime.exit_codes import ExitCode
from tests.support.command import REPOSITORY, Inflow

PEOPLE = "given_name,family_name,date_of_birth,place_of_birth\n"


@pytest.fixture
def inflow(tmp_path: Path) -> Inflow:
    return Inflow(tmp_path)


def rejects(inflow: Inflow, *options: str) -> list[dict[str, Any]]:
    finished = inflow("rejects", "--json", "--data", "data", *options)
    assert finished.returncode == 0, finished.stderr
    return list(json.loads(finished.stdout))


def accounts(inflow: Inflow, file: str) -> tuple[int, int, int]:
    """The rejected, healed and open rows of a load, as the report has them."""
    [load] = [load for load in json.loads(inflow("loads", "--json", "--data", "data").stdout) if load["file"] == file]
    return load["rejected"], load["healed"], load["open"]


def corrected(text: str) -> str:
    """Return the rejects file of the samples as a user would correct it in a spreadsheet."""
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    for row in rows:
        match row["code"], row["column"]:
            case "type-error", "date_of_birth":
                row["date_of_birth"] = "1837-02-28"
            case "constraint-error", "given_name":
                row["given_name"] = "Nat"
            case "missing-cell", _:
                row["place_of_birth"] = "Sea\nGate"
            case "extra-cell", _:
                row["place_of_birth"] = row["place_of_birth"].removesuffix(",and one value more")
    text_file = io.StringIO()
    writer = csv.DictWriter(text_file, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text_file.getvalue()


def test_the_corrected_rejects_file_of_the_samples_dropped_back_heals_all_rejects(inflow: Inflow) -> None:
    """G7: the report says so before and after, and the rows are in the table."""
    for path in (REPOSITORY / "data" / "samples").glob("*.csv"):
        inflow.drop(path.name, path.read_text(encoding="utf-8"))
    assert inflow.run().returncode == 0
    assert accounts(inflow, "people.csv") == (4, 0, 4)
    assert [each["healed_by"] for each in rejects(inflow, "--open")] == [None] * 4
    [path] = (inflow.data / "rejected").iterdir()

    inflow.drop(path.name, corrected(path.read_bytes().decode()))
    assert inflow.run().returncode == 0

    assert accounts(inflow, "people.csv") == (4, 4, 0)
    assert rejects(inflow, "--open") == []
    load = inflow.loads()[path.name]
    assert (load["inserted"], load["rejected"]) == (4, 0)
    assert {each["healed_by"] for each in rejects(inflow)} == {load["load_id"]}
    assert [row.split()[9:12] for row in table(inflow) if "people.csv " in row] == [["4", "4", "0"]]


def table(inflow: Inflow) -> list[str]:
    return inflow("status", "--data", "data").stdout.splitlines()


def test_each_reject_is_listed_with_all_that_is_known_of_it(inflow: Inflow) -> None:
    inflow.drop("people.csv", f'{PEOPLE}Ada,Stone,never,"Wéir, Upper"\nBo,Stone\n')
    inflow.run()

    first, second = rejects(inflow)
    assert first == {
        "load_id": 1,
        "file": "people.csv",
        "line": 2,
        "byte_offset": len(PEOPLE),
        "column": "date_of_birth",
        "code": "type-error",
        "message": "date_of_birth: 'never' is not a date; expected YYYY-MM-DD, e.g. 1984-12-31",
        "raw": 'Ada,Stone,never,"Wéir, Upper"',
        "healed_by": None,
    }
    assert (second["line"], second["column"], second["code"]) == (3, None, "missing-cell")


def test_as_text_each_reject_is_three_lines_that_no_text_of_a_file_can_break(inflow: Inflow) -> None:
    inflow.drop("people.csv", f'{PEOPLE}Ada,"\x1b[31m\nStone",never,Weir\n')
    inflow.run()

    assert inflow("rejects", "--data", "data").stdout.splitlines() == [
        f"load 1, people.csv, line 2 (byte {len(PEOPLE)}): type-error in date_of_birth, open",
        "    date_of_birth: 'never' is not a date; expected YYYY-MM-DD, e.g. 1984-12-31",
        r'    Ada,"\x1b[31m\nStone",never,Weir',
    ]


def test_rejects_may_be_asked_for_by_load_and_by_whether_they_are_open(inflow: Inflow) -> None:
    inflow.drop("people.csv", f"{PEOPLE}Ada,Stone,never,Weir\nBo,Stone,never,Weir\n")
    inflow.run()
    inflow.drop("people.csv", f"{PEOPLE}Ada,Stone,1900-01-01,Weir\nBo,Stone,never,Weir\n")
    inflow.run()

    assert [(each["load_id"], each["line"], each["healed_by"]) for each in rejects(inflow)] == [
        (1, 2, 2),
        (1, 3, None),
        (2, 3, None),
    ]
    assert [each["line"] for each in rejects(inflow, "--load", "1")] == [2, 3]
    assert [each["line"] for each in rejects(inflow, "--load", "1", "--open")] == [3]
    assert "healed by load 2" in inflow("rejects", "--data", "data").stdout


def test_where_nothing_is_rejected_it_says_so(inflow: Inflow) -> None:
    inflow.drop("people.csv", f"{PEOPLE}Ada,Stone,1900-01-01,Weir\n")
    inflow.run()

    assert rejects(inflow) == []
    assert inflow("rejects", "--data", "data").stdout == "no rejected rows\n"


def test_a_load_that_does_not_exist_is_wrong_usage(inflow: Inflow) -> None:
    inflow.drop("people.csv", f"{PEOPLE}Ada,Stone,never,Weir\n")
    inflow.run()

    finished = inflow("rejects", "--load", "7", "--data", "data")
    assert finished.returncode == ExitCode.CONFIGURATION
    assert finished.stderr == "--load 7: there is no such load; `inflow loads` lists them\n"
    assert inflow("rejects", "--load", "0", "--data", "data").returncode == ExitCode.CONFIGURATION
