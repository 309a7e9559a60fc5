"""What must hold in every moment: looked at when a service has just ended in the middle of its work."""

from collections.abc import Iterator, Sequence

from services.watcher.claims import number_of
from shared import loads
from shared.files import DataFolder
from shared.loads import Load
from shared.store import Store
from tests.faults.checks.expected import expect, pair
from tests.faults.drops import Drop


def broken_promises(store: Store, folder: DataFolder, drops: Sequence[Drop]) -> list[str]:
    """Return what folders and books say and should not, in words."""
    return [*_archived_too_early(store, folder), *_summarised_too_early(store, folder, drops)]


def _archived_too_early(store: Store, folder: DataFolder) -> Iterator[str]:
    """A file is in the archive only when the database has all its rows (G5)."""
    archived = {number_of(path.name): path.name for path in folder.archive.glob("*")}
    # After the look at the folder: by now the books must know.
    complete = {load.load_id for load in _books(store) if load.completed_at is not None}
    for load_id in archived.keys() - complete:
        yield f"{archived[load_id]} is in archive/ before its load is complete"


def _summarised_too_early(store: Store, folder: DataFolder, drops: Sequence[Drop]) -> Iterator[str]:
    """Once the books say that the summaries include every load there is, the summary shows them all (G6)."""
    books = _books(store)
    if not books or any(load.state != "refused" and load.summarised_at is None for load in books):
        return
    [summary] = store.catalog.summaries
    path = folder.root / summary.file
    found = path.read_bytes() if path.exists() else None
    pairs, _ = pair(drops, books)
    right = expect(store.catalog, pairs).model.summary(summary)
    # Where the books went on meanwhile, the summary may be a later one.
    if found != right and books == _books(store):
        yield f"the books say that the summary includes all loads; it is {found!r}, right is {right!r}"


def _books(store: Store) -> list[Load]:
    with store.transaction() as connection:
        return loads.all_loads(connection, store.schema)
