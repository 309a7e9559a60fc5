"""The command `inflow`: its options, its errors and its exit codes."""

import json
import os
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.births import births
from tests.support.command import REPOSITORY, Inflow, command_line, environment

DEFAULT = (REPOSITORY / "inflow.toml").read_text()
WRONG = DEFAULT.replace('date_of_birth = { type = "date" }', 'date_of_birth = { type = "day" }')
WRONG_LINE = 1 + WRONG[: WRONG.index('"day"')].count("\n")

THINGS = """\
[datasets.things]
files = ["things*.csv"]
key = ["id"]
[datasets.things.columns]
id = { type = "integer" }
"""

RUN = ("run", "--embedded", "--data", "data", "--until-idle")


@pytest.fixture
def inflow(tmp_path: Path) -> Inflow:
    return Inflow(tmp_path)


def loaded_tables(inflow: Inflow) -> set[str | None]:
    return {load["dataset"] for load in inflow.loads().values() if load["state"] == "archived"}


def test_the_command_says_its_version(inflow: Inflow) -> None:
    finished = inflow("--version")

    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert (finished.returncode, finished.stdout) == (0, f"inflow {project['version']}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("frobnicate",),
        ("run", "--until-idle", "--data", "data"),
        ("run", "--embedded", "--nonsense"),
        ("sample", "--rows", "0", "--out", "there"),
        ("sample", "--rows", "many", "--out", "there"),
        ("sample", "--rows", "5"),
        ("status", "--data", "nowhere"),
        ("loads", "--data", "nowhere"),
        ("health",),
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(inflow: Inflow, arguments: tuple[str, ...]) -> None:
    finished = inflow(*arguments)

    assert finished.returncode == 2
    assert finished.stderr
    assert "Traceback" not in finished.stderr
    assert finished.stdout == ""


def test_until_idle_is_for_embedded_runs_and_says_so(inflow: Inflow) -> None:
    assert "--until-idle: only together with --embedded" in inflow("run", "--until-idle", "--data", "data").stderr


@pytest.mark.parametrize(
    "command", [RUN, ("run", "--data", "data"), ("status",), ("loads",), ("schema",)], ids=" ".join
)
def test_a_wrong_inflow_toml_ends_every_command_with_2_and_names_the_line(
    inflow: Inflow, command: tuple[str, ...]
) -> None:
    (inflow.root / "inflow.toml").write_text(WRONG)

    finished = inflow(*command)
    assert finished.returncode == 2
    assert f"inflow.toml:{WRONG_LINE}" in finished.stderr
    assert '"day"' in finished.stderr
    assert "Traceback" not in finished.stderr


def test_all_wrong_settings_are_named_together(inflow: Inflow) -> None:
    finished = inflow.run(INFLOW_CHUNK_ROWS="many", INFLOW_SETTLE_SECONDS="-1", INFLOW_WATCH="sometimes")

    assert finished.returncode == 2
    for name in ("INFLOW_CHUNK_ROWS", "INFLOW_SETTLE_SECONDS", "INFLOW_WATCH"):
        assert name in finished.stderr


@pytest.mark.parametrize(
    "arguments",
    [("run", "--embedded", "--until-idle", "--data", "file"), ("sample", "--rows", "5", "--out", "file")],
    ids=" ".join,
)
def test_a_folder_that_is_a_file_ends_with_2_and_is_named(inflow: Inflow, arguments: tuple[str, ...]) -> None:
    (inflow.root / "file").touch()

    finished = inflow(*arguments)
    assert finished.returncode == 2
    assert "'file'" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_tables_of_another_configuration_hold_their_datasets_and_say_the_difference(inflow: Inflow) -> None:
    inflow.run()
    (inflow.root / "inflow.toml").write_text(DEFAULT.replace("county = {", "shire = {"))

    finished = inflow.run()
    assert finished.returncode == 1
    assert set(inflow.status()["held"]) == {"places", "people"}
    assert "places: column shire is missing" in finished.stderr
    assert "places: column county is not configured" in finished.stderr


def test_a_run_without_files_ends_with_0_and_an_empty_summary(inflow: Inflow) -> None:
    assert inflow.run().returncode == 0
    assert inflow.summary() == b"{}"
    nothing = {"services": [], "held": {}, "inbox": [], "loads": [], "waiting_rows": 0, "broker": None}
    assert inflow.status() == nothing


def test_a_data_folder_is_made_with_all_its_folders(inflow: Inflow) -> None:
    assert inflow("run", "--embedded", "--until-idle", "--data", "new/data").returncode == 0
    folders = {path.name for path in (inflow.root / "new" / "data").iterdir() if path.is_dir()}
    assert folders == {"inbox", "processing", "archive", "rejected"}


def test_the_configuration_is_the_named_one_else_that_of_the_environment_else_the_one_here(inflow: Inflow) -> None:
    for name in ("named", "environment"):
        (inflow.root / f"{name}.toml").write_text(THINGS.replace("things", name))
    (inflow.root / "inflow.toml").write_text(THINGS)

    def datasets(*options: str, **settings: str) -> list[str]:
        lines = inflow("schema", *options, **settings).stdout.splitlines()
        return [line.split()[2] for line in lines if line.startswith("CREATE TABLE") and "inflow_" not in line]

    assert datasets() == ["things"]
    assert datasets(INFLOW_CONFIG="environment.toml") == ["environment"]
    assert datasets("--config", "named.toml", INFLOW_CONFIG="environment.toml") == ["named"]
    (inflow.root / "inflow.toml").unlink()
    assert datasets() == ["places", "people"]


def test_files_of_any_configured_dataset_are_loaded(inflow: Inflow) -> None:
    (inflow.root / "things.toml").write_text(THINGS)
    inflow.drop("things.csv", "id\n1\n2\n")

    assert inflow("run", "--embedded", "--data", "data", "--until-idle", "--config", "things.toml").returncode == 0
    status = json.loads(inflow("status", "--json", "--data", "data", "--config", "things.toml").stdout)
    assert [(load["dataset"], load["inserted"]) for load in status["loads"]] == [("things", 2)]


def test_the_data_folder_of_the_environment_is_the_default(inflow: Inflow) -> None:
    inflow.drop("people.csv", births("Stone", people=3).people_csv)

    assert inflow("run", "--embedded", "--until-idle", INFLOW_DATA="data").returncode == 0
    assert "people.csv" in inflow("loads", INFLOW_DATA="data").stdout
    assert "people.csv" in inflow("loads").stdout, "./data is the default of the default"


def test_the_embedded_ledger_of_a_named_folder_is_reported_though_a_server_is_configured(inflow: Inflow) -> None:
    inflow.run()

    assert (
        inflow("loads", "--data", "data", DATABASE_URL="mysql://stranger@127.0.0.1:1/none").stdout == "no loads yet\n"
    )
    finished = inflow("loads", DATABASE_URL="mysql://stranger@127.0.0.1:1/none")
    assert finished.returncode == 3
    assert "Traceback" not in finished.stderr


def test_reports_come_as_text_and_as_json(inflow: Inflow) -> None:
    inflow.drop("people.csv", births("Stone", people=3).people_csv)
    inflow.run()

    text, as_json = inflow("loads", "--data", "data").stdout, inflow("loads", "--data", "data", "--json").stdout
    assert [load["rows_read"] for load in json.loads(as_json)] == [3]
    assert [line.split()[:5] for line in text.splitlines()[1:]] == [["1", "people.csv", "people", "archived", "3"]]


def test_a_report_whose_reader_has_gone_ends_quietly(inflow: Inflow) -> None:
    """As with `inflow status | head`: what is written to it at last is still in a buffer."""
    inflow.run()
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as broken_pipe:  # noqa: PTH123 - a descriptor has no path
        finished = subprocess.run(
            command_line("status", "--data", "data"),
            cwd=inflow.root,
            env=environment({"PYTHONUNBUFFERED": ""}),
            stdout=broken_pipe,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert (finished.returncode, finished.stderr) == (0, b"")


def test_logs_are_one_json_object_a_line_without_a_terminal(inflow: Inflow) -> None:
    inflow.drop("people.csv", births("Stone", people=3).people_csv)

    lines = inflow.run(INFLOW_LOG_FORMAT="auto").stderr.splitlines()
    records = [json.loads(line) for line in lines]
    [completed] = [record for record in records if record["action"] == "load_completed"]
    assert (completed["load_id"], completed["rows_read"], completed["inserted"], completed["waiting_rows"]) == (
        1,
        3,
        3,
        3,
    )
    assert all("load_id" in record for record in records if record["action"].startswith("file_"))


def test_a_sample_of_any_size_is_written(inflow: Inflow) -> None:
    assert inflow("sample", "--rows", "250", "--out", "sample").returncode == 0

    assert {path.name for path in (inflow.root / "sample").iterdir()} == {"people.csv", "places.csv"}


def test_the_installed_command_is_this_one(inflow: Inflow) -> None:
    """pyproject.toml names it; what is tested here is what `inflow` starts."""
    entry = (REPOSITORY / "pyproject.toml").read_text()
    assert 'inflow = "inflow.cli:main"' in entry

    helped = inflow("--help")
    assert helped.returncode == 0
    for command in ("run", "status", "loads", "sample", "schema", "health"):
        assert f"    {command}" in helped.stdout
