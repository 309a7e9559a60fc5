"""Replaying: returns archived files to the inbox in the order of their loads, for example after a lost database."""

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.extraction.claimed_file import FileVersion
from shared.extraction.dataset_match import dataset_of
from shared.extraction.load_files import LoadFiles, original_of
from shared.extraction.regular_files import open_regular
from shared.model.datasets import Catalog
from shared.model.errors import ConfigurationError, FileRefused
from shared.runtime.files import DataFolder, new_temporary, remove_leftovers
from shared.storage.ledger import loads
from shared.storage.ledger.loads import Load
from shared.storage.store import Store

_LOADS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """An archived file: the number of its load, and its dataset or why that is not known."""

    path: Path
    load_id: int
    dataset: str | None
    problem: str = ""


def find_archived(
    folder: DataFolder, store: Store, *, every: bool, first: int = 1, last: int | None = None
) -> Iterator[Archived]:
    """Yield archived files in the order of their loads: those whose rows are not in the database, or `every` file.

    Only the loads from `first` to `last`; None: to the end.
    """
    numbers = [(number, path) for number, path in LoadFiles(folder).archived() if first <= number <= (last or number)]
    for start in range(0, len(numbers), _LOADS_AT_ONCE):
        some = numbers[start : start + _LOADS_AT_ONCE]
        with store.transaction() as connection:
            known = loads.find(connection, store.schema, [number for number, _ in some])
        for number, path in some:
            load = _load_of(path, known.get(number))
            if every or load is None or load.completed_at is None:
                yield _archived(path, number, load, store.catalog)


def drop_again(folder: DataFolder, files: Sequence[Archived]) -> None:
    """Copy files into the inbox so that they are claimed in this order: all are copied before the first is visible."""
    for dataset in {str(each.dataset) for each in files}:
        _make_folder(folder.inbox / dataset)
    copies = [_copy(folder, each) for each in files]
    # Files are claimed in the order of their times: a microsecond apart, the precision of databases, and in the past.
    first = time.time_ns() - 1000 * len(copies)
    for position, (hidden, path) in enumerate(copies):
        os.utime(hidden, ns=(first + 1000 * position,) * 2)
        hidden.rename(path)


def _copy(folder: DataFolder, each: Archived) -> tuple[Path, Path]:
    path = folder.inbox / str(each.dataset) / each.path.name
    with open_regular(each.path) as source:
        file, hidden = new_temporary(path.parent)
        with file:
            shutil.copyfileobj(source, file)
    return hidden, path


def _make_folder(path: Path) -> None:
    """Create a dataset's folder, and clean up after a killed replay. Raises ConfigurationError if it is a link."""
    path.mkdir(exist_ok=True)
    if path.is_symlink():
        raise ConfigurationError(f"{path} is a symbolic link; remove it: files are not returned through a link")
    remove_leftovers(path)


def _load_of(path: Path, load: Load | None) -> Load | None:
    """Return the load if it is this version of the file's: its number may have been assigned again."""
    return load if load is not None and FileVersion.of(path.lstat()) == FileVersion.claimed(load) else None


def _archived(path: Path, number: int, load: Load | None, catalog: Catalog) -> Archived:
    if load is not None and load.dataset in catalog.datasets:
        return Archived(path=path, load_id=number, dataset=load.dataset)
    try:
        return Archived(path=path, load_id=number, dataset=dataset_of(original_of(path.name), catalog.datasets))
    except FileRefused as error:
        return Archived(
            path=path, load_id=number, dataset=None, problem=f"{error}; copy it into inbox/DATASET/ yourself"
        )
