"""Numbers, dates and timestamps in other notations are recognised, or reported as ambiguous."""

import pytest

from inflow.presentation.profile.toml import as_toml
from shared.configuration.catalog import parse_catalog
from shared.model.datasets import Catalog, Column
from shared.model.values import parser_of
from shared.profiling.proposal import propose
from shared.profiling.table import profile_table
from tests.unit.profiling.tables import TableInMemory, profile_of

NOTHING = Catalog(datasets={}, summaries=())


def proposed(*texts: str) -> Column:
    """Return the column proposed for these texts, beside a key."""
    rows = [[f"K-{number}", text] for number, text in enumerate(texts)]
    toml = as_toml(propose(profile_of(["id", "value"], rows), NOTHING))
    [dataset] = parse_catalog(toml, source="proposed").datasets.values()
    return dataset.column("value")


@pytest.mark.parametrize(
    ("texts", "type_name", "settings"),
    [
        (["1,5", "2,25", "3"], "decimal", {"decimal_char": ","}),
        (["1.234,50", "7,25"], "decimal", {"decimal_char": ",", "group_char": "."}),
        (["1 234,50", "7,25"], "decimal", {"decimal_char": ",", "group_char": " "}),
        (["1,234.50", "7.25"], "decimal", {"group_char": ","}),
        (["1,234,567", "12"], "integer", {"group_char": ","}),
        (["31.12.1984", "1.2.1984"], "date", {"format": "%d.%m.%Y"}),
        (["12/31/1984", "01/02/1984"], "date", {"format": "%m/%d/%Y"}),
        (["31/12/1984 23:59", "01/02/1984 00:00"], "timestamp", {"format": "%d/%m/%Y %H:%M"}),
        (["31.12.1984", "-", "1.2.1984"], "date", {"format": "%d.%m.%Y", "null": ("-",)}),
    ],
)
def test_the_notation_that_accepts_every_value_is_proposed(
    texts: list[str], type_name: str, settings: dict[str, object]
) -> None:
    column = proposed(*texts)

    assert column.type == type_name
    names = ("decimal_char", "group_char", "format", "null")
    assert {name: getattr(column, name) for name in settings} == settings
    assert all(getattr(column, name) == getattr(Column(name="c", type="text"), name) for name in {*names} - {*settings})
    parse = parser_of(column)
    assert all(parse(text) is not None for text in texts if text != "-")


@pytest.mark.parametrize(
    ("texts", "ways"),
    [
        (["01/02/1984", "03/04/1984"], "date with format '%d/%m/%Y' or date with format '%m/%d/%Y'"),
        (["1,234", "5,678"], "integer with group_char ',' or decimal with decimal_char ','"),
    ],
)
def test_ambiguous_notations_are_all_named_and_none_is_proposed(texts: list[str], ways: str) -> None:
    profile = profile_of(["value"], [[text] for text in texts])

    assert proposed(*texts).type == "text"
    [finding] = [finding for finding in profile.columns[0].findings if finding.code == "notation"]
    assert finding.message == f"may be {ways}: declare the right one"


@pytest.mark.parametrize("texts", [["1,5", "about 2"], ["31.12.1984", "31.13.1984"], ["2,5", "2,55,5"], ["Ann", "Bob"]])
def test_a_single_value_that_does_not_fit_makes_a_column_text(texts: list[str]) -> None:
    assert proposed(*texts).type == "text"


def test_the_default_notation_is_not_reported() -> None:
    profile = profile_of(["a", "b", "c"], [["1", "1.5", "1984-12-31"], ["2", "2.5", "1984-12-30"]])

    assert [column.type for column in profile.columns] == ["integer", "decimal", "date"]
    assert not any(finding.code == "notation" for column in profile.columns for finding in column.findings)


def test_typed_formats_use_the_default_notation() -> None:
    source = TableInMemory(["day"], [["31.12.1984"], ["1.2.1984"]])
    [column] = profile_table(source, file="days.xlsx", has_types=True).profile.columns

    assert (column.type, column.format, column.findings) == ("text", None, ())
