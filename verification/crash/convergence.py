"""The remaining work, according to the ledger and the folders."""

from collections.abc import Iterator

from shared.runtime.files import DataFolder
from shared.storage.ledger import completions
from shared.storage.store import Store
from tests.support.ledger import all_loads

_DONE = ("archived", "refused")


def unfinished(store: Store, folder: DataFolder, *, drops: int) -> list[str]:
    """Return descriptions of what is left to do; empty once all dropped files are loaded or refused."""
    with store.transaction() as connection:
        entered = all_loads(connection, store.schema)
        events = completions.unsent_events(connection, store.schema)
        unsummarised = completions.unsummarised(connection, store.schema)
    left = [f"load {load.load_id} of {load.file} is {load.state}" for load in entered if load.state not in _DONE]
    if len(entered) != drops:
        left.append(f"{drops} files were dropped, {len(entered)} are in the ledger")
    if events:
        left.append(f"the outbox has {events} events")
    if unsummarised:
        left.append(f"the summaries lack the loads {unsummarised}")
    return [*left, *_on_their_way(folder)]


def _on_their_way(folder: DataFolder) -> Iterator[str]:
    for place in (folder.inbox, folder.processing):
        if place.exists():
            yield from (f"{path.name} is in {place.name}/" for path in place.iterdir())
