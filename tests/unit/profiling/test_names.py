"""Names and patterns derived from the names of files."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.configuration.column_settings import is_name
from shared.profiling.proposed_names import dataset_name, file_pattern, suggested_name


@pytest.mark.parametrize(
    ("file", "name", "pattern"),
    [
        ("orders.csv", "orders", "orders*.csv"),
        ("Orders-2024-05-31.csv", "orders", "Orders*.csv"),
        ("sales 2024.csv.gz", "sales", "sales*.csv.gz"),
        ("2024.csv", "dataset", "2024.csv"),
        ("a[1].csv", "a_1", "a[[]1]*.csv"),
        ("naïve café.csv", "naive_cafe", "naïve café*.csv"),
        ("inflow_loads.csv", "dataset_inflow_loads", "inflow_loads*.csv"),
        ("未知.csv", "dataset", "未知*.csv"),
        ("plain", "plain", "plain*"),
    ],
)
def test_the_pattern_of_a_file_matches_its_successors(file: str, name: str, pattern: str) -> None:
    assert dataset_name(file, ()) == name
    assert file_pattern(file) == pattern


@given(st.text(st.characters(exclude_characters="/"), min_size=1, max_size=80))
def test_any_file_gets_a_valid_name_and_a_matching_pattern(file: str) -> None:
    assert is_name(dataset_name(file, ()))
    assert fnmatchcase(file.lower(), file_pattern(file).lower())


def test_a_taken_name_is_not_used_again() -> None:
    assert suggested_name("A b", prefix="x", taken=["a_b", "a_b_2"]) == "a_b_3"
    long = "a" * 63
    assert is_name(suggested_name(long, prefix="x", taken=[long]))
