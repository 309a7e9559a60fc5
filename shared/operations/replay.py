"""Replaying: archived files are loaded again in the order of their loads, as after a database was lost or restored."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.extraction.chunks import ChunkBounds
from shared.extraction.claimed_file import FileVersion
from shared.extraction.dataset_match import dataset_of
from shared.extraction.load_files import LoadFiles, original_of
from shared.model.datasets import Catalog
from shared.model.errors import FileRefused
from shared.runtime.files import DataFolder
from shared.storage.ledger import loads, registration
from shared.storage.ledger.loads import Load
from shared.storage.store import Store

_LOADS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """An archived file: the number of its load, and its dataset or why that is not known."""

    path: Path
    load_id: int
    #: Whether the ledger has a load of this number.
    is_number_taken: bool
    dataset: str | None
    problem: str = ""


def find_archived(
    folder: DataFolder, store: Store, *, every: bool, first: int = 1, last: int | None = None
) -> Iterator[Archived]:
    """Yield archived files in the order of their loads: those whose rows are not in the database.

    With `every`, also the others. Only the loads from `first` to `last`; None: to the end. The watcher itself puts back
    the files of open loads.
    """
    numbers = [(number, path) for number, path in LoadFiles(folder).archived() if first <= number <= (last or number)]
    for start in range(0, len(numbers), _LOADS_AT_ONCE):
        some = numbers[start : start + _LOADS_AT_ONCE]
        with store.transaction() as connection:
            known = loads.find(connection, store.schema, [number for number, _ in some])
        for number, path in some:
            load = _load_of(path, known.get(number))
            if load is None or load.state == "refused" or (every and load.completed_at is not None):
                yield _archived(path, number, load, store.catalog, is_number_taken=number in known)


def load_again(
    folder: DataFolder, store: Store, files: Sequence[Archived], bounds: ChunkBounds
) -> list[tuple[Archived, int]]:
    """Move archived files into processing/, where the watcher registers them; return each with its load's number.

    A file keeps the number that it had, and so its place among all other files, unless the ledger has a load of that
    number.
    """
    claimed = LoadFiles(folder)
    taken = sum(each.is_number_taken for each in files)
    with store.transaction() as connection:
        floor = claimed.highest_number()
        new = iter(registration.reserve_numbers(connection, store.schema, count=taken, floor=floor) if taken else ())
    numbered = [(each, next(new) if each.is_number_taken else each.load_id) for each in files]
    for each, load_id in numbered:
        claimed.claim_archived(each.path, load_id=load_id, dataset=str(each.dataset), bounds=bounds)
    claimed.sync()
    return numbered


def _load_of(path: Path, load: Load | None) -> Load | None:
    """Return the load if it is this version of the file's: its number may have been assigned again."""
    return load if load is not None and FileVersion.of(path.lstat()) == FileVersion.claimed(load) else None


def _archived(path: Path, number: int, load: Load | None, catalog: Catalog, *, is_number_taken: bool) -> Archived:
    try:
        dataset, problem = _dataset_of(path, load, catalog), ""
    except FileRefused as error:
        dataset, problem = None, f"{error}; copy it into inbox/DATASET/ yourself"
    return Archived(path=path, load_id=number, is_number_taken=is_number_taken, dataset=dataset, problem=problem)


def _dataset_of(path: Path, load: Load | None, catalog: Catalog) -> str:
    if load is not None and load.dataset is not None and load.dataset in catalog.datasets:
        return load.dataset
    return dataset_of(original_of(path.name), catalog.datasets)
