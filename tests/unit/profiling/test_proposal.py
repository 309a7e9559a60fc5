"""The proposed dataset: the configuration reader accepts it, and it accepts every profiled row."""

from dataclasses import replace

import pytest
from hypothesis import given

from inflow.presentation.profile.toml import as_toml
from shared.configuration.catalog import load_catalog, parse_catalog
from shared.messaging.payloads import RowsExtracted
from shared.model.datasets import Catalog, Dataset, ReadSettings
from shared.model.errors import ConfigurationError
from shared.model.rows import TypedChunk, type_chunk
from shared.operations.key_lookup import without_database
from shared.profiling.proposal import propose
from shared.profiling.proposed_references import possible_references
from tests.support.command import REPOSITORY
from tests.unit.profiling.tables import profile_of, profiled, tables

DEFAULT = (REPOSITORY / "inflow.toml").read_text()
NOTHING = Catalog(datasets={}, summaries=())


def proposed_toml(header: list[str], rows: list[list[str]]) -> str:
    return as_toml(propose(profile_of(header, rows), NOTHING))


def test_a_section_without_a_key_that_was_found_is_refused() -> None:
    toml = as_toml(propose(profile_of(["name", "town"], [["Ann", "Ayr"], ["Ann", "Ayr"]]), NOTHING))

    assert "NO KEY WAS FOUND" in toml
    with pytest.raises(ConfigurationError, match="key is missing"):
        dataset_in(toml)


def dataset_in(toml: str) -> Dataset:
    [dataset] = parse_catalog(toml, source="proposed").datasets.values()
    return dataset


def loaded(dataset: Dataset, header: list[str], rows: list[list[str]]) -> TypedChunk:
    lines = list(range(2, 2 + len(rows)))
    chunk = RowsExtracted(
        load_id=1, dataset=dataset.name, header=header, first_row=0, lines=lines, rows=rows, unreadable=[]
    )
    return type_chunk(dataset, chunk)


@given(tables())
def test_the_proposed_dataset_rejects_none_of_the_profiled_rows(table: tuple[list[str], list[list[str]]]) -> None:
    header, rows = table
    profile = profile_of(header, rows)
    toml = as_toml(propose(profile, NOTHING))
    if all(column.empty for column in profile.columns):
        assert "NO KEY" in toml
        return

    # What is not a key is written as a comment: whoever chooses it all the same takes the # away.
    assert ("\n# key = " in toml) == ("NO KEY WAS FOUND" in toml)
    dataset = dataset_in(toml.replace("\n# key = ", "\nkey = "))

    assert dataset.column_names == tuple(header)
    result = loaded(dataset, header, rows)
    assert result.rejections == []
    if profile.keys.found and rows:
        positions = [header.index(name) for name in dataset.key]
        assert len({tuple(row[position] for position in positions) for _, row in result.rows}) == len(rows)


@pytest.mark.parametrize(
    ("values", "next_values"),
    [
        (["10.00", "20.00"], ["-3.45", "99999.99"]),
        (["10,00", "20,00"], ["-3,45"]),
        (["1.10", "1.20", "2.00"], ["12.55"]),
        (["1.5", "2.5"], ["12.55", "3.125"]),
        (["1", "2.5"], ["0.125"]),
        (["0.1000", "0.2000"], ["0.1234"]),
        (["1.234,50", "7,00"], ["-1.234.567,89"]),
        (["x" * 12, "y"], ["x" * 40]),
        (["x" * 100, "y"], ["x" * 255]),
    ],
)
def test_columns_have_headroom_for_the_next_file(values: list[str], next_values: list[str]) -> None:
    header = ["id", "v"]
    dataset = dataset_in(proposed_toml(header, [[f"r{number}", value] for number, value in enumerate(values)]))

    further = loaded(dataset, header, [[f"s{number}", value] for number, value in enumerate(next_values)])

    assert further.rejections == []


def test_large_integers_become_decimals_without_fraction() -> None:
    toml = proposed_toml(["id", "v"], [["a", "12345678901234567890"], ["b", "12345678901234567891"]])

    assert dataset_in(toml).column("v").scale == 0


NESTED = ['{"a": 1}', '{"a": 2, "b": [1, 2]}', "[1]"]


def test_nested_values_are_never_keys_and_have_headroom() -> None:
    rows = [[value, f"n{number % 2}"] for number, value in enumerate(NESTED)]
    dataset = propose(profile_of(["doc", "note"], rows, has_types=True), NOTHING).dataset

    assert dataset.key == ("note",)
    assert dataset.column("doc").length == 4000


def test_the_proposal_is_complete_and_commented() -> None:
    rows = [[f"C-{n}", f"{n * 7 % 5}.25", "2024-05-31", "yes" if n % 2 else "no", "n" * (n % 3)] for n in range(9)]

    assert proposed_toml(["customer", "amount", "since", "active", "note"], rows) == (
        "# Proposed from 9 rows of things-2024.csv. Read it, then try it.\n"
        "[datasets.things]\n"
        'files = ["things*.csv"]\n'
        "# In 9 rows never empty, and never the same twice.\n"
        'key = ["customer"]\n'
        "\n"
        "[datasets.things.columns]\n"
        'customer = { type = "text", length = 40 }\n'
        'amount = { type = "decimal", precision = 7, scale = 2, required = true }\n'
        "# all values are the same\n"
        'since = { type = "date", required = true }\n'
        'active = { type = "boolean", required = true }\n'
        'note = { type = "text", length = 40 }\n'
    )


def test_a_column_with_null_markers_lists_them_and_is_never_a_key() -> None:
    header, rows = ["number", "code", "height"], [["1", "a", "1.75"], ["NA", "b", "N/A"], ["3", "c", "-"]]

    toml = proposed_toml(header, rows)
    dataset = dataset_in(toml)

    assert 'number = { type = "integer", null = ["NA"] }' in toml
    assert dataset.key == ("code",)
    assert dataset.column("height").null == ("-", "N/A")
    assert [row for _, row in loaded(dataset, header, rows).rows] == [
        (1, "a", "1.75"),
        (None, "b", None),
        (3, "c", None),
    ]


def test_columns_with_invalid_names_get_new_ones_and_a_label() -> None:
    header, rows = ["Größe (cm)", "2nd", "größe cm", "Order ID"], [["a", "b", "c", "1"], ["a", "b", "c", "2"]]

    toml = proposed_toml(header, rows)
    dataset = dataset_in(toml)

    assert dataset.column_names == ("grosse_cm", "column_2nd", "grosse_cm_2", "order_id")
    assert (dataset.labels, dataset.key) == (tuple(header), ("order_id",))
    assert "# In 2 rows never empty, and never the same twice.\n" in toml
    assert loaded(dataset, header, rows).rejections == []


def test_a_label_that_looks_like_toml_is_quoted() -> None:
    header = ['a "quoted" \\ one', "tab\tbed"]

    assert dataset_in(proposed_toml(header, [["1", "a"]])).labels == tuple(header)


def test_columns_without_a_unique_name_are_left_out() -> None:
    toml = proposed_toml(["id", "", "id"], [["1", "b", "c"], ["2", "b", "c"]])

    assert dataset_in(toml).column_names == ("id",)
    assert "# left out: (column 2): the file's header has no name for it" in toml
    assert "# left out: id(column 3): " in toml


def test_without_usable_columns_there_are_only_comments() -> None:
    toml = proposed_toml(["", ""], [["1", "a"]])

    assert all(line.startswith("#") for line in toml.splitlines())


def test_a_column_with_unstorable_values_is_left_out() -> None:
    header, rows = ["id", "bad", "long"], [["1", "a\0b", "x"], ["2", "c", "w" * 16_384]]
    dataset = dataset_in(proposed_toml(header, rows))

    assert dataset.column_names == ("id",)
    assert loaded(dataset, header, rows).rejections == []


def test_columns_that_exceed_a_row_lose_headroom_and_then_are_left_out() -> None:
    header = ["id", *(f"c{n}" for n in range(5))]
    fits = dataset_in(proposed_toml(header, [[str(n), *["w" * 3000] * 5] for n in range(2)]))
    does_not = dataset_in(proposed_toml(header, [[str(n), *["w" * 5000] * 5] for n in range(2)]))

    assert [column.length for column in fits.columns[1:]] == [3000] * 5
    assert does_not.column_names == ("id", "c2", "c3", "c4")


def test_a_key_of_long_texts_loses_headroom_or_another_key_is_chosen() -> None:
    without_headroom = dataset_in(proposed_toml(["t", "u"], [["a" * 700 + str(n), "u"] for n in range(3)]))
    other = dataset_in(proposed_toml(["t", "u"], [["a" * 900 + str(n), str(n)] for n in range(3)]))

    assert (without_headroom.key, without_headroom.column("t").length) == (("t",), 701)
    assert other.key == ("u",)


def test_a_column_of_keys_becomes_a_reference_of_the_same_type() -> None:
    catalog = load_catalog(REPOSITORY / "inflow.toml")
    header, rows = ["id", "lives_in", "city"], [[str(n), f"Town {n % 3}", "Bonn"] for n in range(9)]
    table = profiled(header, rows)
    known = {"Town 0", "Town 1", "Town 2"}
    found = tuple(possible_references(table, catalog, lambda _dataset, keys: len(known & set(keys))))
    guessed = tuple(possible_references(table, catalog, without_database))
    toml = as_toml(propose(replace(table.profile, references=found), catalog))

    assert [(each.column, each.dataset, each.looked_up, each.found) for each in found] == [("lives_in", "places", 3, 3)]
    assert [(each.column, each.looked_up) for each in guessed] == [("city", 0)]
    dataset = parse_catalog(DEFAULT + toml, source="both").datasets["things"]
    assert [(each.columns, each.dataset) for each in dataset.references] == [(("lives_in",), "places")]
    assert dataset.column("lives_in").length == 255
    assert "# A reference? city → places.city" in as_toml(propose(replace(table.profile, references=guessed), catalog))


@pytest.mark.parametrize(("known", "is_reference"), [(18, True), (17, False)])
def test_nearly_all_values_of_a_reference_must_be_keys(known: int, is_reference: bool) -> None:
    catalog = load_catalog(REPOSITORY / "inflow.toml")
    table = profiled(["place"], [[f"Town {n}"] for n in range(20)])

    assert bool([*possible_references(table, catalog, lambda _dataset, _keys: known)]) == is_reference


def test_read_options_become_settings_of_the_dataset() -> None:
    read = ReadSettings(delimiter="\t", quote="", escape="\\", skip_lines=2)

    dataset = dataset_in(as_toml(propose(profile_of(["a"], [["1"]]), NOTHING, read)))

    assert dataset.read == read


def test_a_taken_name_gets_a_number() -> None:
    catalog = load_catalog(REPOSITORY / "inflow.toml")
    profile = replace(profile_of(["a"], [["1"]]), file="people-2024.csv")

    toml = as_toml(propose(profile, catalog))

    assert parse_catalog(DEFAULT + toml, source="both").datasets["people_2"].key == ("a",)
    assert "# people-2024.csv is a file of people already" in toml
