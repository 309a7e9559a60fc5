"""Finds candidate keys: single columns, or else combinations of columns, that identify a row."""

from collections.abc import Iterable, Sequence
from itertools import chain, combinations, islice

from shared.profiling.batch import ColumnBatch
from shared.profiling.profile import MAX_COMBINED_COLUMNS, Keys
from shared.profiling.uniqueness import Uniqueness

#: The positions of a key's columns.
Combination = tuple[int, ...]

#: Number of columns that are combined with each other, and of combinations that are tracked through the file.
_MAX_COLUMNS = 10
_MAX_TRACKED = 24


class CandidateKeys:
    """Tracks the uniqueness of columns, and of combinations, that identify each row of the first batch.

    Smaller combinations come first, and those that contain a smaller candidate last, because they matter only if that
    one turns out not to be unique. All share one limit of hashes; beyond it, candidates are dropped from the last on.
    """

    def __init__(self, names: Sequence[str], *, max_hashes: int) -> None:
        self._names = names
        self._max_hashes = max_hashes
        self._alive: dict[Combination, Uniqueness] | None = None
        #: Dropped candidates, which were unique until then.
        self._unknown: list[Combination] = []
        self._rows = 0
        #: Number of rows when the first candidate was dropped.
        self._rows_followed = 0

    def add(self, columns: Sequence[ColumnBatch]) -> None:
        """Add a batch of rows."""
        if self._alive is None:
            self._alive = {combination: Uniqueness() for combination in _first_candidates(columns)}
        hashes = _HashesByColumn(columns)
        for combination in list(self._alive):
            self._track(self._alive, combination, columns, hashes)
        self._rows += len(columns[0].all_values)
        self._keep_within_bound(self._alive)

    def result(self) -> Keys:
        """Return the minimal keys; combinations only if no single column is a key."""
        alive = self._alive or {}
        for uniqueness in alive.values():
            uniqueness.check()
        found = _smallest(combination for combination, uniqueness in alive.items() if uniqueness.is_unique)
        found = [key for key in found if len(key) == 1] or found
        unknown = [each for each in _smallest(self._unknown) if not any(set(key) <= set(each) for key in found)]
        return Keys(
            found=tuple(map(self._named, found)),
            unknown=tuple(map(self._named, unknown)),
            rows_followed=self._rows_followed if unknown else self._rows,
        )

    def _track(
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
        while sum(uniqueness.size for uniqueness in alive.values()) > self._max_hashes:
            combination, _ = alive.popitem()
            self._unknown.append(combination)
            self._rows_followed = self._rows_followed or self._rows

    def _named(self, combination: Combination) -> tuple[str, ...]:
        return tuple(self._names[position] for position in combination)


class _HashesByColumn:
    """The hashes of a batch's rows, computed once for each column."""

    def __init__(self, columns: Sequence[ColumnBatch]) -> None:
        self._columns = columns
        self._known: dict[int, list[int]] = {}

    def of(self, combination: Combination) -> Iterable[int]:
        """Return one hash per row; Python's hash of a tuple of integers is the same in every process."""
        return map(hash, zip(*map(self._of_column, combination), strict=True))

    def _of_column(self, position: int) -> list[int]:
        if position not in self._known:
            self._known[position] = self._columns[position].row_hashes()
        return self._known[position]


def _first_candidates(columns: Sequence[ColumnBatch]) -> list[Combination]:
    """Return the combinations that are unique in the first rows, most useful first."""
    full = [position for position, column in enumerate(columns) if not column.empty]
    singles = [(position,) for position in full if _is_unique(columns, (position,))]
    varied = sorted(full, key=lambda position: -len(columns[position].counts))[:_MAX_COLUMNS]
    sizes = range(2, MAX_COMBINED_COLUMNS + 1)
    several = chain.from_iterable(combinations(sorted(varied), size) for size in sizes)
    unique = [combination for combination in several if _is_unique(columns, combination)]
    smallest = _smallest([*singles, *unique])
    others = [combination for combination in unique if combination not in smallest]
    # All unique single columns are tracked, whatever their number.
    return [*smallest, *islice(others, max(0, _MAX_TRACKED - len(smallest)))]


def _is_unique(columns: Sequence[ColumnBatch], combination: Combination) -> bool:
    rows = len(columns[0].all_values)
    if len(combination) == 1:
        return len(columns[combination[0]].counts) == rows
    return len(set(zip(*(columns[position].all_values for position in combination), strict=True))) == rows


def _smallest(candidates: Iterable[Combination]) -> list[Combination]:
    """Return the combinations that contain no other one, smaller ones first."""
    smallest: list[Combination] = []
    for candidate in sorted(candidates, key=lambda columns: (len(columns), columns)):
        if not any(set(smaller) <= set(candidate) for smaller in smallest):
            smallest.append(candidate)
    return smallest
