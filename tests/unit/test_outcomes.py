from collections import Counter
from dataclasses import dataclass
from itertools import chain, groupby, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.writer.outcomes import LinedRow, Plan, Stored, decide, last_of_each_key

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


Table = dict[str, Row]


def merge(table: Table, chunk: Chunk) -> Plan:
    """Merge a chunk into the model's table, as the writer's statements do."""
    load_id = chunk[0][0]
    distinct = last_of_each_key(((line, (key, value)) for _, line, key, value in chunk), KEY)
    plan = decide(distinct, dict(stored_rows(table, distinct)), load_id)
    plan.superseded += len(chunk) - len(distinct)
    for line, (key, value) in chain(plan.insert, plan.update):
        table[str(key)] = Row(str(value), (load_id, line))
    for line, (key, _) in plan.touch:
        table[str(key)] = Row(table[str(key)].value, (load_id, line))
    return plan


def stored_rows(table: Table, rows: list[LinedRow]) -> list[tuple[int, Stored]]:
    return [
        (line, Stored(asserted_load=row.asserted[0], asserted_line=row.asserted[1], equal=row.value == value))
        for line, (key, value) in rows
        if (row := table.get(str(key))) is not None
    ]


def table_after(chunks: tuple[Chunk, ...], inferred: str = "") -> tuple[Table, list[Plan]]:
    table = {key: Row(None, (0, 0)) for key in inferred}
    return table, [merge(table, chunk) for chunk in chunks]


def last_statements(chunks: tuple[Chunk, ...]) -> Table:
    """What the table must hold: for each key, the statement of the highest load and line."""
    statements = sorted(chain.from_iterable(chunks))
    return {key: Row(value, (load_id, line)) for load_id, line, key, value in statements}


def counts(plans: list[Plan]) -> Counter[str]:
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


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xy")), min_size=1, max_size=8), st.data())
def test_inside_a_file_one_row_is_superseded_per_extra_line(rows: list[tuple[str, str]], data: st.DataObject) -> None:
    earlier: Chunk = ((3, 2, "a", "x"), (3, 3, "b", "x"))
    chunks = [((4, line, key, value),) for line, (key, value) in enumerate(rows, start=2)]

    _, plans = table_after((earlier, *data.draw(st.permutations(chunks))))

    keys = {key for key, _ in rows}
    total = counts(plans[1:])
    assert total["superseded"] == len(rows) - len(keys)
    assert total["inserted"] == len(keys & {"c"})
    assert total["updated"] + total["unchanged"] == len(keys - {"c"})


def row(line: int, value: str = "x") -> LinedRow:
    return (line, ("a", value))


@pytest.mark.parametrize(
    ("stored", "plan"),
    [
        pytest.param(None, Plan(insert=[row(5)], inserted=1), id="absent"),
        pytest.param(
            Stored(asserted_load=0, asserted_line=0, equal=False),
            Plan(update=[row(5)], inserted=1),
            id="inferred",
        ),
        pytest.param(
            Stored(asserted_load=0, asserted_line=0, equal=True),
            Plan(update=[row(5)], inserted=1),
            id="inferred, equal",
        ),
        pytest.param(
            Stored(asserted_load=6, asserted_line=9, equal=False),
            Plan(update=[row(5)], updated=1),
            id="older, other values",
        ),
        pytest.param(
            Stored(asserted_load=6, asserted_line=9, equal=True),
            Plan(touch=[row(5)], unchanged=1),
            id="older, equal values",
        ),
        pytest.param(
            Stored(asserted_load=7, asserted_line=4, equal=False),
            Plan(update=[row(5)], superseded=1),
            id="earlier line",
        ),
        pytest.param(
            Stored(asserted_load=7, asserted_line=4, equal=True),
            Plan(touch=[row(5)], superseded=1),
            id="earlier line, equal",
        ),
        pytest.param(Stored(asserted_load=7, asserted_line=6, equal=False), Plan(superseded=1), id="later line"),
        pytest.param(Stored(asserted_load=8, asserted_line=2, equal=False), Plan(superseded=1), id="later load"),
        pytest.param(Stored(asserted_load=8, asserted_line=2, equal=True), Plan(superseded=1), id="later load, equal"),
    ],
)
def test_the_outcome_of_a_row_follows_from_the_stored_one(stored: Stored | None, plan: Plan) -> None:
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
