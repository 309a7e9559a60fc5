"""The files of a round: many rows of people who repeat, and of places, some of them after the people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from verification.drops import Drop, written
from verification.people import Row, World

#: Files that are dropped at nearly the same time. They take turns, so that rows of several are in flight at any moment.
FILES = 40
#: Rows of the files before these: several chunks, but few enough for a large round.
_MAX_EARLY_ROWS = 5000
#: Number of rows per person, and of cities.
_ROWS_OF_A_PERSON, _CITIES = 3, 500
#: Every tenth file and the last one are of places.
_PLACES_EVERY = 10
#: One row in this number has an invalid date: enough to check that each is rejected once.
_BAD_EVERY = 1000
_COLUMNS = {
    "people": ("given_name", "family_name", "date_of_birth", "place_of_birth"),
    "places": ("city", "county", "country"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The files of a round."""

    #: Each is dropped when the previous one is loaded.
    early: Sequence[Drop]
    #: More than enough work for the duration of a fault.
    others: Sequence[Drop]

    @property
    def drops(self) -> list[Drop]:
        """All files, in the order in which they are dropped."""
        return [*self.early, *self.others]


def draw_workload(random: Random, rows: int) -> Workload:
    """Generate files with this number of rows in total, and at least one row each."""
    world = World(random, size=max(2, rows // _ROWS_OF_A_PERSON), cities=_CITIES, only_adds=False)
    early = [_drop("people", f"early-{number}", rows) for number, rows in enumerate(_early(world, rows))]
    left = rows - sum(len(drop.rows) for drop in early)
    return Workload(early=early, others=[_draw_other(random, world, number, size) for number, size in _sizes(left)])


def _early(world: World, rows: int) -> Iterator[list[Row]]:
    """Yield rows of new people, then rows of other new people and of the first ones that are last in key order.

    The writers come to expect only new rows in the second file, insert without a lookup, and find existing rows in the
    middle of a chunk. Chunks are in key order.
    """
    size = max(1, min(_MAX_EARLY_ROWS, rows // 20) * 5 // 6)
    people = world.people()
    first, second = list(islice(people, size)), list(islice(people, size))
    yield first
    yield second + sorted(first, key=_key)[-size // 5 :]


def _key(row: Row) -> tuple[str, ...]:
    return row["given_name"], row["family_name"], row["date_of_birth"]


def _sizes(rows: int) -> Iterator[tuple[int, int]]:
    """Yield the number and the size of each of the other files, in sizes as equal as possible."""
    for number in range(FILES):
        yield number, max(1, rows * (number + 1) // FILES - rows * number // FILES)


def _draw_other(random: Random, world: World, number: int, size: int) -> Drop:
    dataset = "places" if number % _PLACES_EVERY == _PLACES_EVERY - 1 else "people"
    draw = world.place if dataset == "places" else world.person
    return _drop(dataset, f"{number:02d}", [draw(random) for _ in range(size)])


def _drop(dataset: str, name: str, rows: Sequence[Row]) -> Drop:
    columns = _COLUMNS[dataset]
    cells = [_cells(row, columns, is_bad=number % _BAD_EVERY == 0) for number, row in enumerate(rows, start=1)]
    content, by_line = written(columns, cells, line_end="\n")
    return Drop(
        name=f"{dataset}-{name}.csv", dataset=dataset, content=content, header=columns, rows=by_line, refused=None
    )


def _cells(row: Row, columns: Sequence[str], *, is_bad: bool) -> tuple[str, ...]:
    bad = {"date_of_birth": "1899-02-29", "country": ""} if is_bad else {}
    return tuple(bad.get(column, row[column]) for column in columns)
