"""Finds columns that identify a row: alone, else a few of them together."""

from collections.abc import Iterable, Sequence
from itertools import chain, combinations, islice

from shared.profiling.batch import ColumnBatch
from shared.profiling.profile import Keys
from shared.profiling.uniqueness import Uniqueness

#: Columns of a key, by their positions.
Combination = tuple[int, ...]

_LARGEST = 4
#: How many columns are combined with each other, and how many combinations are followed through the file.
_MAX_COLUMNS = 10
_MAX_FOLLOWED = 24


class CandidateKeys:
    """Follows every column, and the combinations that identify each row of the first batch.

    Smaller combinations come first, and those that hold a smaller candidate last: they matter only where that one
    fails further down. All of them share a bound of hashes; the last of them are given up for it, then even the first.
    """

    def __init__(self, names: Sequence[str], *, most_hashes: int) -> None:
        self._names = names
        self._most_hashes = most_hashes
        self._alive: dict[Combination, Uniqueness] | None = None
        #: Those that were unique as far as they were followed.
        self._unknown: list[Combination] = []
        self._rows = 0
        #: How many rows there were when the first was given up.
        self._rows_followed = 0

    def add(self, columns: Sequence[ColumnBatch]) -> None:
        """Take in a batch of rows."""
        if self._alive is None:
            self._alive = {combination: Uniqueness() for combination in _first_candidates(columns)}
        hashes = _HashesByColumn(columns)
        for combination in list(self._alive):
            self._follow(self._alive, combination, columns, hashes)
        self._rows += len(columns[0].all_values)
        self._keep_within_bound(self._alive)

    def result(self) -> Keys:
        """Return the keys that hold no smaller key; combinations only where no column is one by itself."""
        alive = self._alive or {}
        for uniqueness in alive.values():
            uniqueness.look()
        found = _smallest(combination for combination, uniqueness in alive.items() if uniqueness.is_unique)
        found = [key for key in found if len(key) == 1] or found
        unknown = [each for each in _smallest(self._unknown) if not any(set(key) <= set(each) for key in found)]
        return Keys(
            found=tuple(map(self._named, found)),
            unknown=tuple(map(self._named, unknown)),
            rows_followed=self._rows_followed if unknown else self._rows,
        )

    def _follow(
        self,
        alive: dict[Combination, Uniqueness],
        combination: Combination,
        columns: Sequence[ColumnBatch],
        hashes: "_HashesByColumn",
    ) -> None:
        uniqueness = alive[combination]
        if any(columns[position].empty for position in combination):
            uniqueness.is_unique = False
        else:
            uniqueness.add(hashes.of(combination))
        if not uniqueness.is_unique:
            del alive[combination]

    def _keep_within_bound(self, alive: dict[Combination, Uniqueness]) -> None:
        while sum(uniqueness.size for uniqueness in alive.values()) > self._most_hashes:
            combination, _ = alive.popitem()
            self._unknown.append(combination)
            self._rows_followed = self._rows_followed or self._rows

    def _named(self, combination: Combination) -> tuple[str, ...]:
        return tuple(self._names[position] for position in combination)


class _HashesByColumn:
    """The hashes of a batch's rows, each column's computed once."""

    def __init__(self, columns: Sequence[ColumnBatch]) -> None:
        self._columns = columns
        self._known: dict[int, list[int]] = {}

    def of(self, combination: Combination) -> Iterable[int]:
        """One hash per row; Python's hash of a tuple of integers is the same in every process."""
        return map(hash, zip(*map(self._of_column, combination), strict=True))

    def _of_column(self, position: int) -> list[int]:
        if position not in self._known:
            self._known[position] = self._columns[position].row_hashes()
        return self._known[position]


def _first_candidates(columns: Sequence[ColumnBatch]) -> list[Combination]:
    """Return the combinations that the first rows don't rule out, in the order of their worth."""
    full = [position for position, column in enumerate(columns) if not column.empty]
    singles = [(position,) for position in full if _is_unique(columns, (position,))]
    varied = sorted(full, key=lambda position: -len(columns[position].counts))[:_MAX_COLUMNS]
    sizes = range(2, _LARGEST + 1)
    several = chain.from_iterable(combinations(sorted(varied), size) for size in sizes)
    unique = [combination for combination in several if _is_unique(columns, combination)]
    smallest = _smallest([*singles, *unique])
    others = [combination for combination in unique if combination not in smallest]
    # Single columns are all followed, however many.
    return [*smallest, *islice(others, max(0, _MAX_FOLLOWED - len(smallest)))]


def _is_unique(columns: Sequence[ColumnBatch], combination: Combination) -> bool:
    rows = len(columns[0].all_values)
    if len(combination) == 1:
        return len(columns[combination[0]].counts) == rows
    return len(set(zip(*(columns[position].all_values for position in combination), strict=True))) == rows


def _smallest(candidates: Iterable[Combination]) -> list[Combination]:
    """Return those that hold none of the others, smaller ones first."""
    smallest: list[Combination] = []
    for candidate in sorted(candidates, key=lambda columns: (len(columns), columns)):
        if not any(set(smaller) <= set(candidate) for smaller in smallest):
            smallest.append(candidate)
    return smallest
