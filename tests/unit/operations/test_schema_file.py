"""schema.sql, which initializes the compose database."""

from pathlib import Path

import pytest

from inflow.cli import main
from shared.configuration.catalog import load_catalog

REPOSITORY = Path(__file__).parents[3]


def test_schema_sql_is_what_the_default_configuration_gives(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make schema` writes it again."""
    monkeypatch.chdir(tmp_path)

    assert main(["schema"]) == 0
    assert capsys.readouterr().out == (REPOSITORY / "schema.sql").read_text()


def test_the_built_in_configuration_is_that_of_inflow_toml(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["schema", "--config", str(REPOSITORY / "inflow.toml")]) == 0
    assert capsys.readouterr().out == (REPOSITORY / "schema.sql").read_text()
    assert load_catalog(REPOSITORY / "inflow.toml") == load_catalog(None)


def test_another_configuration_gives_other_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "inflow.toml"
    config.write_text(
        '[datasets.things]\nfiles = ["*.csv"]\nkey = ["id"]\n[datasets.things.columns]\nid = { type = "integer" }\n'
    )

    assert main(["schema", "--config", str(config)]) == 0
    sql = capsys.readouterr().out
    assert "CREATE TABLE things (" in sql
    assert "CREATE TABLE inflow_loads (" in sql
    assert "CREATE TABLE people" not in sql
