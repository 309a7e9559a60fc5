"""The checker, used by all layers: lists what is wrong after faults have stopped and everything has converged."""

from collections.abc import Mapping, Sequence

from shared.runtime.files import DataFolder
from shared.storage.store import Store
from verification.checks.counts import count_problems
from verification.checks.expected import expect, pair
from verification.checks.files import file_problems
from verification.checks.ledger import book_problems
from verification.checks.stored import read_stored
from verification.checks.tables import table_problems
from verification.drops import Drop


def problems(
    *,
    drops: Sequence[Drop],
    store: Store,
    folder: DataFolder,
    queue_depths: Mapping[str, int],
    dead_letters: Sequence[str],
) -> list[str]:
    """Compare tables, ledger, folders, queues and dead letters with the expected result; an empty list means correct.

    Drops of the same name must be in their order; across names, the load numbers in the ledger define the order of the
    drops. Dead letters are given by their reasons, without those that a test expects.
    """
    found = [f"the queue {name} still holds {depth} messages" for name, depth in queue_depths.items() if depth]
    found += [f"a message is dead-lettered: {reason}" for reason in dead_letters]
    stored = read_stored(store)
    pairs, mismatches = pair(drops, stored.loads)
    if mismatches:
        # Without the right loads everything else is wrong, too, and tells less.
        return found + mismatches
    expected = expect(store.catalog, pairs)
    found += book_problems(stored, expected)
    found += table_problems(stored, expected)
    found += count_problems(stored, expected)
    found += file_problems(folder, expected)
    return found
