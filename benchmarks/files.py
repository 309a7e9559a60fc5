"""The files to drop, written once and used by all cases and rivals."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.people import write_people, write_places


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A file, with facts about it that need no database."""

    path: Path
    dataset: str
    rows: int
    #: Number of its people born in each country; empty for places.
    births: Mapping[str, int]


class Files:
    """Writes each file when it is first requested."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self._folder = folder
        self._seed = seed
        self._written: dict[str, DataFile] = {}

    def places(self) -> DataFile:
        """Return the file with all places."""
        path = self._folder / "places.csv"
        if path.name not in self._written:
            self._written[path.name] = DataFile(path=path, dataset="places", rows=write_places(path), births={})
        return self._written[path.name]

    def people(self, rows: range, *, edits: tuple[range, ...] = ()) -> DataFile:
        """Return the file with these people; the rows of each edit have another birthplace."""
        bounds = [f"{each.start}-{each.stop}-{each.step}" for each in (rows, *edits)]
        path = self._folder / f"people_{'_'.join(bounds)}.csv"
        if path.name not in self._written:
            births = write_people(path, rows, seed=self._seed, edited=edited_rows(edits))
            self._written[path.name] = DataFile(path=path, dataset="people", rows=len(rows), births=births)
        return self._written[path.name]


def edited_rows(edits: tuple[range, ...]) -> set[int]:
    """Return the rows of all edits."""
    return set().union(*edits)
