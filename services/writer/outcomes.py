"""Decides the outcome of each typed row of a chunk from the rows in the table. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared.model.rows import TypedRow
from shared.model.values import Value

Key = tuple[Value, ...]
LinedRow = tuple[int, TypedRow]
#: By the name of the kept count, what is added for each of its keys.
Deltas = Mapping[str, Mapping[Key, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The row that the table holds under a key: its asserted mark, and whether its values equal the chunk's."""

    asserted_load: int
    asserted_line: int
    equal: bool
    #: Where they do not, and the load has asserted the row already: which values the row had before the load, those
    #: that are stored now or the chunk's. None: neither, or the load inserted the row.
    before: Literal["stored", "new"] | None = None
    #: Where they do not: its values in the columns of kept counts.
    counted: Key = ()


@dataclass(slots=True)
class MergePlan:
    """The rows to write, by statement, and what the chunk adds to the load's counts of outcomes.

    A key that the load states more than once counts as one outcome, of its last line, and one superseded for each
    other line. What that outcome is depends on the values before the load: a later line may take back what an earlier
    one counted as, so that a chunk may add less than nothing to a count.
    """

    insert: list[LinedRow] = field(default_factory=list)
    update: list[LinedRow] = field(default_factory=list)
    touch: list[LinedRow] = field(default_factory=list)
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    #: What it adds to the kept counts of the dataset.
    deltas: Deltas = field(default_factory=dict)

    @property
    def changes_rows(self) -> bool:
        """Whether any value of the table will be another one, or is new."""
        return bool(self.insert or self.update)

    def add(self, later: "MergePlan") -> None:
        """Add a plan that was carried out later in the same transaction."""
        self.insert += later.insert
        self.update += later.update
        self.touch += later.touch
        self.inserted += later.inserted
        self.updated += later.updated
        self.unchanged += later.unchanged
        self.superseded += later.superseded
        self.deltas = {
            name: _sum(self.deltas.get(name, {}), later.deltas.get(name, {}))
            for name in {**self.deltas, **later.deltas}
        }


def last_of_each_key(rows: Iterable[LinedRow], key: Sequence[int]) -> list[LinedRow]:
    """Keep the last line of each key, in the order of the keys: the order in which every writer locks."""
    last: dict[Key, LinedRow] = {}
    for row in rows:
        identity = tuple(row[1][position] for position in key)
        if identity not in last or last[identity][0] < row[0]:
            last[identity] = row
    return [last[identity] for identity in sorted(last)]


def lines_of_each_key(rows: Iterable[LinedRow], key: Sequence[int]) -> list[list[LinedRow]]:
    """Put the lines of each key together, the last one at the end, in the order of the keys."""
    lines: dict[Key, list[LinedRow]] = {}
    for row in sorted(rows, key=lambda row: row[0]):
        lines.setdefault(tuple(row[1][position] for position in key), []).append(row)
    return [lines[identity] for identity in sorted(lines)]


def decide(rows: Iterable[LinedRow], stored: Mapping[int, Stored], load_id: int) -> MergePlan:
    """Decide each row's outcome; `stored` has an entry, by line, for each row whose key exists."""
    plan = MergePlan()
    for row in rows:
        _decide(plan, row, stored.get(row[0]), load_id)
    return plan


def _decide(plan: MergePlan, row: LinedRow, stored: Stored | None, load_id: int) -> None:
    if stored is None:
        plan.inserted += 1
        plan.insert.append(row)
        return
    if stored.asserted_load == 0:
        # An inferred member: the first file to state it inserts it.
        plan.inserted += 1
        plan.update.append(row)
        return
    if stored.asserted_load >= load_id:
        plan.superseded += 1
    elif stored.equal:
        plan.unchanged += 1
    else:
        plan.updated += 1
    if (stored.asserted_load, stored.asserted_line) < (load_id, row[0]):
        (plan.touch if stored.equal else plan.update).append(row)
        _count_again(plan, stored)


def _count_again(plan: MergePlan, stored: Stored) -> None:
    """Correct what the load counted a row as, where a later line of the load changes that."""
    if stored.before == "stored":
        plan.unchanged -= 1
        plan.updated += 1
    elif stored.before == "new":
        plan.updated -= 1
        plan.unchanged += 1


def _sum(first: Mapping[Key, int], second: Mapping[Key, int]) -> dict[Key, int]:
    total = {key: first.get(key, 0) + second.get(key, 0) for key in {**first, **second}}
    return {key: count for key, count in total.items() if count}
