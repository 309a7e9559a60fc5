"""The workload of all layers: files of people and places as users drop them, generated from a seed."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from random import Random

from verification.people import Row, World

_COLUMNS = {
    "places": ("city", "county", "country"),
    "people": ("given_name", "family_name", "date_of_birth", "place_of_birth"),
}
_REPEATED_FILE, _REFUSED_FILE = 0.08, 0.1
_REPEATED_ROW, _BAD_ROW, _BLANK_LINE, _BYTE_ORDER_MARK = 0.15, 0.1, 0.03, 0.1
_UNKNOWN_COLUMN, _PLACES_COME_LAST = 0.2, 0.5


Written = tuple[bytes, dict[int, tuple[str, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One file as it is dropped, with its meaning, so that the model never reads the content."""

    #: The file's name in the inbox.
    name: str
    dataset: str | None
    content: bytes
    header: tuple[str, ...]
    #: The cells of each row, by the line on which it begins.
    rows: dict[int, tuple[str, ...]]
    #: The reason for which the file is refused; None if it is loaded.
    refused: str | None
    #: Whether it was modified after its claim: this load has any part of it, another one all of it.
    is_changed: bool = False

    def before_row(self, number: int) -> bytes:
        """Return the content up to a row, counted from 0."""
        lines = self.content.split(b"\n")
        return b"".join(line + b"\n" for line in lines[: sorted(self.rows)[number] - 1])


def draw_drops(random: Random, *, count: int, most_rows: int, only_adds: bool = False) -> list[Drop]:
    """Generate files of the default catalogue, each with its own name.

    Keys overlap and repeat, rows are edited, bad, or repeated, places arrive late, whole files are repeated or refused.
    only_adds: a key always has the same values, so that no count of the summary may ever fall.
    """
    world = World(random, size=max(6, most_rows), only_adds=only_adds)
    drops: list[Drop] = []
    for number in range(count):
        dataset = _draw_dataset(random, is_last=number == count - 1)
        drops.append(_draw_drop(random, world, drops, f"{dataset}-{number:04d}.csv", dataset, most_rows))
    return drops


def _draw_dataset(random: Random, *, is_last: bool) -> str:
    if is_last and random.random() < _PLACES_COME_LAST:
        return "places"
    return random.choice(("people", "places"))


def _draw_drop(random: Random, world: World, before: Sequence[Drop], name: str, dataset: str, most_rows: int) -> Drop:
    alike = [drop for drop in before if drop.dataset == dataset]
    chance = random.random()
    if alike and chance < _REPEATED_FILE:
        return replace(random.choice(alike), name=name)
    drop = draw_good(random, world, name, dataset, most_rows)
    return random.choice(_WAYS_TO_BE_REFUSED)(drop) if chance > 1 - _REFUSED_FILE else drop


def draw_good(random: Random, world: World, name: str, dataset: str, most_rows: int) -> Drop:
    """Generate a file that is loaded."""
    draw = partial(world.place if dataset == "places" else world.person, random)
    rows: list[Row] = []
    for _ in range(random.randint(0, most_rows)):
        is_repeated = rows and random.random() < _REPEATED_ROW
        rows.append(world.edited(random, random.choice(rows)) if is_repeated else draw())
    columns = list(_COLUMNS[dataset])
    if random.random() < _UNKNOWN_COLUMN:
        columns.append("remark")
    random.shuffle(columns)
    cells = [_cells(random, row | {"remark": "-"}, columns) for row in rows]
    content, by_line = _written(random, columns, cells)
    return Drop(name=name, dataset=dataset, content=content, header=tuple(columns), rows=by_line, refused=None)


def _cells(random: Random, row: Row, columns: Iterable[str]) -> tuple[str, ...]:
    if random.random() >= _BAD_ROW:
        return tuple(row[column] for column in columns)
    fault = random.choice(_FAULTS)
    return fault(row, tuple(columns))


def _without_key(row: Row, columns: tuple[str, ...]) -> tuple[str, ...]:
    key = "city" if "city" in columns else "family_name"
    return tuple("" if column == key else row[column] for column in columns)


def _with_bad_value(row: Row, columns: tuple[str, ...]) -> tuple[str, ...]:
    bad = {"date_of_birth": "1899-02-29", "country": ""}
    return tuple(bad.get(column, row[column]) for column in columns)


def _too_short(row: Row, columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(row[column] for column in columns[:-1])


def _too_long(row: Row, columns: tuple[str, ...]) -> tuple[str, ...]:
    return (*(row[column] for column in columns), "one, too many")


_FAULTS = (_without_key, _with_bad_value, _too_short, _too_long)


def _written(random: Random, header: Sequence[str], rows: Sequence[tuple[str, ...]]) -> Written:
    """Write the content in one of the ways that are common in practice."""
    mark = "\ufeff" if random.random() < _BYTE_ORDER_MARK else ""
    line_end = random.choice(("\n", "\r\n"))
    return written(header, rows, mark=mark, line_end=line_end, is_blank=lambda: random.random() < _BLANK_LINE)


def written(
    header: Sequence[str],
    rows: Sequence[tuple[str, ...]],
    *,
    line_end: str,
    mark: str = "",
    is_blank: Callable[[], bool] = lambda: False,
) -> Written:
    """Return the content, and the cells of each row by its first line; some rows follow a blank line."""
    text = io.StringIO(mark)
    text.seek(len(mark))
    writer = csv.writer(text, lineterminator=line_end)
    writer.writerow(header)
    by_line: dict[int, tuple[str, ...]] = {}
    line = 2
    for row in rows:
        if is_blank():
            text.write("\n")
            line += 1
        writer.writerow(row)
        by_line[line] = row
        line += 1 + sum(cell.count("\n") for cell in row)
    return text.getvalue().encode(), by_line


def _refuse(drop: Drop, reason: str, *, header: str = "") -> Drop:
    first, _, rest = drop.content.partition(b"\n")
    return replace(drop, content=(header or first.decode()).encode() + b"\n" + rest, rows={}, refused=reason)


def _lacking_a_label(drop: Drop) -> Drop:
    others = [f"other_{number}" for number in range(len(drop.header) - 2)]
    return _refuse(drop, "missing-label", header=",".join((*drop.header[:2], *others)))


def _with_a_label_twice(drop: Drop) -> Drop:
    return _refuse(drop, "duplicate-label", header=",".join((*drop.header, drop.header[0])))


def _with_a_blank_label(drop: Drop) -> Drop:
    has_table = any(len(cells) == len(drop.header) for cells in drop.rows.values())
    if drop.rows and not has_table:
        # No row fits the header, and that is what such a file is refused for.
        return _with_a_label_twice(drop)
    return _refuse(drop, "blank-label", header=",".join((drop.header[0], "", *drop.header[2:])))


def _empty(drop: Drop) -> Drop:
    return replace(drop, content=b"", rows={}, refused="blank-header")


def _of_no_dataset(drop: Drop) -> Drop:
    return replace(drop, name=f"cities-{drop.name}", dataset=None, rows={}, refused="no-dataset")


_WAYS_TO_BE_REFUSED = (_lacking_a_label, _with_a_label_twice, _with_a_blank_label, _empty, _of_no_dataset)
