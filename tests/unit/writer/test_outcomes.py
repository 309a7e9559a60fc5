from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import chain, groupby, permutations
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.writer.outcomes import LinedRow, MergePlan, Stored, decide, last_of_each_key

Mark = tuple[int, int]
#: Load, line, key, value.
Statement = tuple[int, int, str, str]
#: Rows of one load that are merged together.
Chunk = tuple[Statement, ...]

KEY = (0,)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the model's table."""

    value: str | None
    asserted: Mark
    changed_load: int = field(default=0, compare=False)
    #: The value before the load that changed it; None where that load inserted it.
    before: str | None = field(default=None, compare=False)

    def updated(self, value: str, mark: Mark) -> "Row":
        is_first_change = 0 < self.changed_load < mark[0]
        return Row(value, mark, changed_load=mark[0], before=self.value if is_first_change else self.before)

    def stored(self, value: str, load_id: int) -> Stored:
        """What the lock query says of it to a chunk that has another value, or the same."""
        before: Literal["stored", "new"] | None = None
        if self.asserted[0] == load_id and self.value != value:
            if self.changed_load < load_id or self.before == self.value:
                before = "stored"
            elif self.before == value:
                before = "new"
        is_equal = self.value == value
        return Stored(asserted_load=self.asserted[0], asserted_line=self.asserted[1], equal=is_equal, before=before)


Table = dict[str, Row]


def merge(table: Table, chunk: Chunk) -> MergePlan:
    """Merge a chunk into the model's table, as the writer's statements do."""
    load_id = chunk[0][0]
    distinct = last_of_each_key(((line, (key, value)) for _, line, key, value in chunk), KEY)
    plan = decide(distinct, dict(stored_rows(table, distinct, load_id)), load_id)
    plan.superseded += len(chunk) - len(distinct)
    for line, (key, value) in plan.insert:
        table[str(key)] = Row(str(value), (load_id, line), changed_load=load_id)
    for line, (key, value) in plan.update:
        table[str(key)] = table[str(key)].updated(str(value), (load_id, line))
    for line, (key, _) in plan.touch:
        table[str(key)] = replace(table[str(key)], asserted=(load_id, line))
    return plan


def stored_rows(table: Table, rows: list[LinedRow], load_id: int) -> list[tuple[int, Stored]]:
    return [
        (line, row.stored(str(value), load_id))
        for line, (key, value) in rows
        if (row := table.get(str(key))) is not None
    ]


def table_after(chunks: tuple[Chunk, ...], inferred: str = "") -> tuple[Table, list[MergePlan]]:
    table = {key: Row(None, (0, 0)) for key in inferred}
    return table, [merge(table, chunk) for chunk in chunks]


def last_statements(chunks: tuple[Chunk, ...]) -> Table:
    """What the table must hold: for each key, the statement of the highest load and line."""
    statements = sorted(chain.from_iterable(chunks))
    return {key: Row(value, (load_id, line)) for load_id, line, key, value in statements}


def counts(plans: list[MergePlan]) -> Counter[str]:
    total: Counter[str] = Counter()
    for plan in plans:
        for name in ("inserted", "updated", "unchanged", "superseded"):
            total[name] += getattr(plan, name)
    return total


@st.composite
def some_chunks(draw: st.DrawFn) -> tuple[Chunk, ...]:
    """Chunks of a few loads, with few keys and values, so that they meet; in any order of arrival."""
    rows = draw(st.lists(st.tuples(st.integers(1, 3), st.sampled_from("ab"), st.sampled_from("xy")), max_size=10))
    statements = sorted((load_id, line, key, value) for line, (load_id, key, value) in enumerate(rows, start=2))
    chunks: list[Chunk] = []
    for _, group in groupby(statements, key=lambda statement: statement[0]):
        of_load = tuple(group)
        cut = draw(st.integers(0, len(of_load)))
        chunks += [chunk for chunk in (of_load[:cut], of_load[cut:]) if chunk]
    return tuple(draw(st.permutations(chunks)))


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param((((1, 2, "a", "x"),), ((2, 2, "a", "y"),), ((3, 2, "a", "x"),)), id="back to an old value"),
        pytest.param((((1, 2, "a", "x"),), ((1, 3, "a", "y"),), ((1, 4, "a", "x"),)), id="three lines of one key"),
        pytest.param(
            (
                ((1, 2, "a", "x"), (1, 3, "b", "x")),
                ((1, 4, "a", "y"),),
                ((2, 2, "b", "y"), (2, 3, "b", "x")),
                ((2, 4, "a", "y"),),
                ((3, 2, "b", "x"),),
            ),
            id="two keys, three loads, lines that repeat",
        ),
    ],
)
@pytest.mark.parametrize("inferred", ["", "a"], ids=["empty table", "inferred member"])
def test_every_order_of_arrival_ends_in_the_same_rows(chunks: tuple[Chunk, ...], inferred: str) -> None:
    for arrived in permutations(chunks):
        table, plans = table_after(arrived, inferred)

        assert table == last_statements(chunks)
        assert counts(plans)["inserted"] == len(table)
        assert counts(plans).total() == sum(map(len, chunks))


@given(some_chunks(), st.sampled_from(["", "a", "ab"]))
def test_any_chunks_in_any_order_end_in_the_last_statement_of_each_key(
    chunks: tuple[Chunk, ...], inferred: str
) -> None:
    table, plans = table_after(chunks, inferred)

    unstated = {key: Row(None, (0, 0)) for key in inferred}
    assert table == unstated | last_statements(chunks)
    assert counts(plans)["inserted"] == len(last_statements(chunks))
    assert counts(plans).total() == sum(map(len, chunks))


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), min_size=1, max_size=10),
    st.integers(1, 4),
    st.data(),
)
def test_a_load_counts_as_one_who_looks_at_the_table_before_and_after_it_would(
    rows: list[tuple[str, str]], chunk_rows: int, data: st.DataObject
) -> None:
    """Before it there are a, b, and the inferred member c; d is new."""
    earlier: Chunk = ((3, 2, "a", "x"), (3, 3, "b", "x"))
    statements = [(4, line, key, value) for line, (key, value) in enumerate(rows, start=2)]
    chunks = [tuple(statements[first : first + chunk_rows]) for first in range(0, len(rows), chunk_rows)]

    _, plans = table_after((earlier, *data.draw(st.permutations(chunks))), inferred="c")

    last = dict(rows)
    wanted = Counter("inserted" if key in "cd" else "unchanged" if last[key] == "x" else "updated" for key in last)
    wanted["superseded"] = len(rows) - len(last)
    assert counts(plans[1:]) == wanted


def row(line: int, value: str = "x") -> LinedRow:
    return (line, ("a", value))


@pytest.mark.parametrize(
    ("stored", "plan"),
    [
        pytest.param(None, MergePlan(insert=[row(5)], inserted=1), id="absent"),
        pytest.param(
            Stored(asserted_load=0, asserted_line=0, equal=False),
            MergePlan(update=[row(5)], inserted=1),
            id="inferred",
        ),
        pytest.param(
            Stored(asserted_load=0, asserted_line=0, equal=True),
            MergePlan(update=[row(5)], inserted=1),
            id="inferred, equal",
        ),
        pytest.param(
            Stored(asserted_load=6, asserted_line=9, equal=False),
            MergePlan(update=[row(5)], updated=1),
            id="older, other values",
        ),
        pytest.param(
            Stored(asserted_load=6, asserted_line=9, equal=True),
            MergePlan(touch=[row(5)], unchanged=1),
            id="older, equal values",
        ),
        pytest.param(
            Stored(asserted_load=7, asserted_line=4, equal=False),
            MergePlan(update=[row(5)], superseded=1),
            id="earlier line",
        ),
        pytest.param(
            Stored(asserted_load=7, asserted_line=4, equal=True),
            MergePlan(touch=[row(5)], superseded=1),
            id="earlier line, equal",
        ),
        pytest.param(
            Stored(asserted_load=7, asserted_line=4, equal=False, before="stored"),
            MergePlan(update=[row(5)], updated=1, unchanged=-1, superseded=1),
            id="earlier line, unchanged until now",
        ),
        pytest.param(
            Stored(asserted_load=7, asserted_line=4, equal=False, before="new"),
            MergePlan(update=[row(5)], updated=-1, unchanged=1, superseded=1),
            id="earlier line, updated until now",
        ),
        pytest.param(Stored(asserted_load=7, asserted_line=6, equal=False), MergePlan(superseded=1), id="later line"),
        pytest.param(
            Stored(asserted_load=7, asserted_line=6, equal=False, before="stored"),
            MergePlan(superseded=1),
            id="later line, unchanged",
        ),
        pytest.param(Stored(asserted_load=8, asserted_line=2, equal=False), MergePlan(superseded=1), id="later load"),
        pytest.param(
            Stored(asserted_load=8, asserted_line=2, equal=True), MergePlan(superseded=1), id="later load, equal"
        ),
    ],
)
def test_the_outcome_of_a_row_follows_from_the_stored_one(stored: Stored | None, plan: MergePlan) -> None:
    assert decide([row(5)], {} if stored is None else {5: stored}, 7) == plan


def test_of_each_key_the_last_line_stays_in_the_order_of_the_keys() -> None:
    rows: list[LinedRow] = [
        (2, ("b", 1, "x")),
        (5, ("a", 2, "x")),
        (3, ("b", 1, "y")),
        (4, ("a", 2, "y")),
        (6, ("a", 1, "z")),
    ]

    assert last_of_each_key(rows, (0, 1)) == [(6, ("a", 1, "z")), (5, ("a", 2, "x")), (3, ("b", 1, "y"))]


def test_keys_are_told_apart_byte_by_byte() -> None:
    keys = ["a", "A", "a ", "á", "a\u0301"]
    rows: list[LinedRow] = [(line, (key,)) for line, key in enumerate(keys)]

    assert sorted(last_of_each_key(rows, KEY)) == rows
