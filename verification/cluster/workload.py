"""The files of a round: many rows of people who come again and again, and of places, some of them after the people."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from random import Random

from verification.drops import Drop, written
from verification.people import Row, World

#: Files that are dropped together, or nearly so. They take turns: the rows of several are on their way at any moment.
FILES = 40
#: Rows of the files before these: few enough for each to keep its place in a large round, and several chunks.
_MAX_EARLY_ROWS = 5000
#: How many rows of people there are for each person, and the cities that they were born in.
_ROWS_OF_A_PERSON, _CITIES = 3, 500
#: Every tenth file is of places, the last one, too.
_PLACES_EVERY = 10
#: Rows with a date that does not exist, one in so many: enough to see that each is rejected once.
_BAD_EVERY = 1000
_COLUMNS = {
    "people": ("given_name", "family_name", "date_of_birth", "place_of_birth"),
    "places": ("city", "county", "country"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """The files of a round."""

    #: Each is dropped when the one before is loaded.
    early: Sequence[Drop]
    #: More than enough to do for the time of a fault.
    others: Sequence[Drop]

    @property
    def drops(self) -> list[Drop]:
        """All files, in the order in which they are dropped."""
        return [*self.early, *self.others]


def draw_workload(random: Random, rows: int) -> Workload:
    """Draw files of together this many rows, and of at least one row each."""
    world = World(random, size=max(2, rows // _ROWS_OF_A_PERSON), cities=_CITIES, only_adds=False)
    early = [_drop("people", f"early-{number}", rows) for number, rows in enumerate(_early(world, rows))]
    left = rows - sum(len(drop.rows) for drop in early)
    return Workload(early=early, others=[_draw_other(random, world, number, size) for number, size in _sizes(left)])


def _early(world: World, rows: int) -> Iterator[list[Row]]:
    """Yield rows of new people, then of other new people and of those of the first that are last in the order of keys.

    The writers come to expect new rows of the second file, insert them without looking, and find out otherwise in the
    middle of a chunk. Chunks are cut in the order of keys.
    """
    size = max(1, min(_MAX_EARLY_ROWS, rows // 20) * 5 // 6)
    people = world.people()
    first, second = list(islice(people, size)), list(islice(people, size))
    yield first
    yield second + sorted(first, key=_key)[-size // 5 :]


def _key(row: Row) -> tuple[str, ...]:
    return row["given_name"], row["family_name"], row["date_of_birth"]


def _sizes(rows: int) -> Iterator[tuple[int, int]]:
    """Yield the number and the size of each of the other files, as equal as they can be."""
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
