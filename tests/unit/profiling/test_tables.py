"""The profile of a whole table: rejected rows, candidate keys, and a comparison with exact counts."""

from collections import Counter
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given

from shared.model.errors import FileRefused
from shared.model.unreadable_rows import UnreadableRow
from shared.profiling.memory_budget import MemoryBudget
from shared.profiling.table import column_names
from tests.unit.profiling.tables import TINY, profile_of, profiled, tables


def naive_keys(header: list[str], rows: list[list[str]]) -> set[tuple[str, ...]]:
    """Return the smallest combinations of up to four columns without empty values that are unique."""
    full = [n for n in range(len(header)) if all(row[n] for row in rows)]
    keys: list[tuple[int, ...]] = []
    for size in range(1, 5):
        for columns in combinations(full, size):
            smaller = any(set(key) <= set(columns) for key in keys)
            if not smaller and len({tuple(row[n] for n in columns) for row in rows}) == len(rows):
                keys.append(columns)
    singles = [key for key in keys if len(key) == 1]
    return {tuple(header[n] for n in key) for key in singles or keys}


@given(tables())
def test_a_profile_agrees_with_exact_counts(table: tuple[list[str], list[list[str]]]) -> None:
    header, rows = table
    profile = profile_of(header, rows)

    assert (profile.rows, profile.rejected) == (len(rows), 0)
    for position, column in enumerate(profile.columns):
        values = [row[position] for row in rows if row[position] and row[position].strip() not in column.null]
        assert (column.name, column.values, column.empty) == (header[position], len(values), len(rows) - len(values))
        assert (column.distinct.count, column.distinct.error) == (len(set(values)), None)
        # Of all texts: lengths are shown for text columns, which have no null markers.
        lengths = [len(row[position]) for row in rows if row[position]]
        assert (column.shortest, column.longest) == ((min(lengths), max(lengths)) if lengths else (None, None))
        truth = Counter(values)
        assert {each.value: each.count for each in column.most_frequent.values}.items() <= truth.items()
        if column.histogram:
            assert column.histogram.counted == len(values)
    if rows:
        nulls = [column.null for column in profile.columns]
        cleared = [
            ["" if cell.strip() in null else cell for cell, null in zip(row, nulls, strict=True)] for row in rows
        ]
        assert set(profile.keys.found) == naive_keys(header, cleared)
        assert profile.keys.unknown == ()


@given(tables())
def test_a_tiny_memory_budget_never_contradicts_exact_counts(table: tuple[list[str], list[list[str]]]) -> None:
    header, rows = table
    exact, bounded = profiled(header, rows).profile, profiled(header, rows, bounds=TINY).profile

    for one, other in zip(exact.columns, bounded.columns, strict=True):
        assert (one.type, one.values, one.least, one.greatest) == (
            other.type,
            other.values,
            other.least,
            other.greatest,
        )
    for key in bounded.keys.found:
        assert len({tuple(row[header.index(name)] for name in key) for row in rows}) == len(rows)


def test_a_key_may_have_several_columns_but_contains_no_smaller_key() -> None:
    rows = [[str(x), str(y), "c", f"{x % 2}"] for x in range(20) for y in range(20)]

    assert profile_of(["x", "y", "constant", "parity"], rows).keys.found == (("x", "y"),)


def test_a_key_that_fails_later_is_replaced_by_a_larger_one() -> None:
    rows = [[str(number), str(number % 7)] for number in range(10_007)] + [["5", "6"]]

    assert profile_of(["id", "part"], rows).keys.found == (("id", "part"),)


def test_a_column_with_empty_values_in_a_later_batch_is_not_a_key() -> None:
    rows = [[str(number), str(number)] for number in range(20)] + [["", "20"], ["21", "21"]]

    assert profiled(["gap", "id"], rows, bounds=replace(MemoryBudget(), batch_rows=10)).profile.keys.found == (("id",),)


def test_a_key_that_exceeds_the_memory_budget_is_unknown() -> None:
    rows = [[str(number)] for number in range(30_000)]

    keys = profiled(["id"], rows, bounds=replace(MemoryBudget(), key_hashes=15_000)).profile.keys

    assert (keys.found, keys.unknown, keys.rows_followed) == ((), (("id",),), 20_000)


def test_rejected_rows_are_counted_with_their_lines_and_reasons() -> None:
    unreadable = UnreadableRow(line=5, code="dialect-error", message="why", raw="x")
    rows: list[list[str] | UnreadableRow] = [["1", "2"], ["1"], ["1", "2", "3"], unreadable, ["1", "\udc80"]]

    profile = profiled(["a", "b"], rows * 4).profile

    assert (profile.rows, profile.rejected, len(profile.rejected_rows)) == (4, 16, 10)
    assert [(row.line, row.code) for row in profile.rejected_rows[:4]] == [
        (3, "missing-cell"),
        (4, "extra-cell"),
        (5, "dialect-error"),
        (6, "encoding-error"),
    ]


def test_missing_and_repeated_names_are_made_unique() -> None:
    assert column_names([" a ", "", "a", "b\udc80"]) == ["a", "(column 2)", "a(column 3)", "b�"]


def test_more_columns_than_a_table_can_have_are_refused() -> None:
    with pytest.raises(FileRefused, match="100000 names; expected at most 1017"):
        column_names(["x"] * 100_000)


def test_a_file_with_only_a_header_has_a_profile() -> None:
    profile = profile_of(["a", "b"], [])

    assert profile.rows == 0
    assert [column.type for column in profile.columns] == ["text", "text"]
