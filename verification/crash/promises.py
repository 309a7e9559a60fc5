"""The promises that hold at every moment, checked when a service has just been killed."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from shared.extraction.load_files import number_of
from shared.runtime.files import DataFolder
from shared.storage.ledger.loads import Load
from shared.storage.store import Store
from tests.support.ledger import all_loads
from verification.checks.expected import expect, pair
from verification.drops import Drop


def archived_too_early(store: Store, folder: DataFolder) -> Iterator[str]:
    """Yield the files that are in the archive before the database has all their rows (G5)."""
    archived = {number_of(path.name): path.name for path in folder.archive.glob("*")}
    # Read after the folder, so that the ledger must know by now.
    complete = {load.load_id for load in _entered_loads(store) if load.completed_at is not None}
    for load_id in archived.keys() - complete:
        yield f"{archived[load_id]} is in archive/ before its load is complete"


def summarised_too_early(store: Store, folder: DataFolder, drops: Sequence[Drop]) -> Iterator[str]:
    """Yield what the summary lacks of the loads that it includes according to the ledger; for files that only add."""
    pairs, _ = pair(drops, [load for load in _entered_loads(store) if load.summarised_at is not None])
    [summary] = store.catalog.summaries
    # Read after the ledger: later loads can only increase the counts.
    shown = _counts(folder.root / summary.file)
    for name, count in json.loads(expect(store.catalog, pairs).model.summary(summary)).items():
        if shown.get(name, 0) < count:
            yield f"by the ledger the summary counts {count} of {name!r} or more; it says {shown.get(name, 0)}"


def _counts(summary: Path) -> dict[str, int]:
    """Return the summary's counts; empty if it is missing or invalid, which other checks report."""
    with suppress(FileNotFoundError, ValueError):
        return dict(json.loads(summary.read_bytes()))
    return {}


def _entered_loads(store: Store) -> list[Load]:
    with store.transaction() as connection:
        return all_loads(connection, store.schema)
