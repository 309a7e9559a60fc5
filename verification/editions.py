"""A workload of files that are dropped again with a few rows edited, added, removed or moved."""

from dataclasses import replace
from random import Random

from verification.drops import Drop, draw_good, written
from verification.people import World

_KEYS = {"places": ("city",), "people": ("given_name", "family_name", "date_of_birth")}
_PLACES, _AS_IT_IS, _REPEATED_KEYS, _EDITED = 0.2, 0.15, 0.2, 0.15

Cells = tuple[str, ...]


def draw_editions(random: Random, *, count: int, most_rows: int, only_adds: bool = False) -> list[Drop]:
    """Generate files of the default catalogue; each is a new version of the last one of its dataset, if any.

    only_adds: a key always has the same values, so that no count of the summary may ever fall.
    """
    world = World(random, size=max(6, most_rows), only_adds=only_adds)
    latest: dict[str, Drop] = {}
    drops = []
    for number in range(count):
        dataset = "places" if random.random() < _PLACES else "people"
        drop = draw_good(random, world, f"{dataset}-{number:04d}.csv", dataset, most_rows)
        latest[dataset] = _edition(random, latest[dataset], drop) if dataset in latest else _without_repeats(drop)
        drops.append(latest[dataset])
    return drops


def _edition(random: Random, earlier: Drop, drop: Drop) -> Drop:
    """Return the earlier file under the new name, with some rows of the new one."""
    if random.random() < _AS_IT_IS:
        return replace(earlier, name=drop.name)
    others = [_in_order(drop, earlier.header, cells) for cells in drop.rows.values() if len(cells) == len(drop.header)]
    rows: list[Cells] = []
    for cells in earlier.rows.values():
        if random.random() >= _EDITED:
            rows.append(cells)
        elif others and random.random() < 0.7:
            rows.append(others.pop())
    rows += others[:1]
    if random.random() < _EDITED:
        random.shuffle(rows)
    edition = _rewritten(replace(drop, header=earlier.header), rows, like=earlier)
    return edition if random.random() < _REPEATED_KEYS else _without_repeats(edition)


def _without_repeats(drop: Drop) -> Drop:
    """Return only the last row of each key; rows of the wrong width stay."""
    places = [drop.header.index(name) for name in _KEYS[drop.dataset or ""]]
    by_key = {
        tuple(cells[place] for place in places) if len(cells) == len(drop.header) else cells: cells
        for cells in drop.rows.values()
    }
    return _rewritten(drop, list(by_key.values()), like=drop)


def _in_order(drop: Drop, header: Cells, cells: Cells) -> Cells:
    values = dict(zip(drop.header, cells, strict=True))
    return tuple(values.get(name, "-") for name in header)


def _rewritten(drop: Drop, rows: list[Cells], *, like: Drop) -> Drop:
    line_end = "\r\n" if b"\r\n" in like.content else "\n"
    content, by_line = written(drop.header, rows, line_end=line_end)
    return replace(drop, content=content, rows=by_line)
