"""Checks the ledger: each load's state and accounts, its chunks, its rejects, and that nothing is left to do."""

from collections.abc import Iterator, Sequence

from shared.storage.ledger.load_reasons import CHANGED_WHILE_READ
from tests.support.deliveries import accounts_of
from verification.checks.expected import Expected, Loaded, without_overlap
from verification.checks.stored import Stored


def book_problems(stored: Stored, expected: Expected) -> Iterator[str]:
    """Yield the errors in the ledger."""
    for loaded in expected.loaded:
        if loaded.drop.is_changed:
            yield from _changed_problems(loaded)
            continue
        yield from _state_problems(loaded)
        yield from _account_problems(loaded)
        load_id = loaded.load.load_id
        unpublished = stored.unpublished.get(load_id, 0)
        yield from _ledger_problems(loaded, stored.ledger.get(load_id, ()), unpublished=unpublished)
    yield from _inserted_problems(expected)
    yield from _outcome_problems(expected)
    yield from _reject_problems(stored, expected)
    yield from _healing_problems(stored, expected)
    yield from _leftovers(stored, expected)


def _changed_problems(loaded: Loaded) -> Iterator[str]:
    """Check only the state: how much was read of a file that changed meanwhile is unknown."""
    load = loaded.load
    if load.state not in ("archived", "refused") or load.reason != CHANGED_WHILE_READ:
        yield f"load {load.load_id} ({load.file}) is {load.state}, {load.reason}; its file changed after its claim"


def _state_problems(loaded: Loaded) -> Iterator[str]:
    drop, load = loaded.drop, loaded.load
    wanted = ("archived", None) if drop.refused is None else ("refused", drop.refused)
    if (load.state, load.reason) != wanted:
        yield f"load {load.load_id} ({load.file}) is {load.state}, {load.reason}; expected {wanted[0]}, {wanted[1]}"
    if load.dataset != drop.dataset:
        yield f"load {load.load_id} ({load.file}) is of the dataset {load.dataset}; expected {drop.dataset}"
    if drop.refused is None and load.completed_at is None:
        yield f"load {load.load_id} has no time of completion"
    if drop.refused is None and load.summarised_at is None:
        yield f"load {load.load_id} is complete, and no summary includes it for sure"
    if drop.refused is None and load.header != drop.header:
        yield f"load {load.load_id} has the header {load.header}; expected {drop.header}"


def _account_problems(loaded: Loaded) -> Iterator[str]:
    load = loaded.load
    rows = len(loaded.drop.rows)
    wanted_rows = rows if loaded.drop.refused is None else None
    if (load.row_count, load.rows_done) != (wanted_rows, rows):
        yield (
            f"load {load.load_id} has a manifest of {load.row_count} rows and {load.rows_done} of them done; "
            f"its file has {rows}"
        )
    ends = load.inserted + load.updated + load.unchanged + load.superseded + load.rejected
    if ends != rows:
        yield f"load {load.load_id} accounts for {ends} rows; its file has {rows}"
    if load.rejected != len(loaded.rejects):
        yield f"load {load.load_id} rejected {load.rejected} rows; expected {len(loaded.rejects)}"


def _ledger_problems(loaded: Loaded, entries: Sequence[tuple[int, int]], *, unpublished: int) -> Iterator[str]:
    end = 0
    for first_row, row_count in entries:
        if first_row != end or row_count < 1:
            yield f"the ledger of load {loaded.load.load_id} has a gap or an overlap at row {end}: {list(entries)}"
            return
        end += row_count
    published = len(loaded.drop.rows) - unpublished
    if end != published:
        yield f"the ledger of load {loaded.load.load_id} ends at row {end}; {published} of its file are published"


def _inserted_problems(expected: Expected) -> Iterator[str]:
    inserted = sum(loaded.load.inserted for loaded in expected.loaded)
    if inserted != expected.model.stated():
        yield f"{inserted} rows count as inserted; the tables must have {expected.model.stated()} that are not inferred"


def _outcome_problems(expected: Expected) -> Iterator[str]:
    """A load that overlaps no other one has the accounts that an observer of the table would count."""
    for loaded in without_overlap(expected.loaded):
        load, found = loaded.load, accounts_of(loaded.load)
        if found != loaded.accounts:
            yield f"load {load.load_id} ({load.file}) has the accounts {found}; expected {loaded.accounts}"


def _reject_problems(stored: Stored, expected: Expected) -> Iterator[str]:
    changed = {loaded.load.load_id for loaded in expected.loaded if loaded.drop.is_changed}
    wanted = set(expected.model.rejects)
    found = {reject for reject in stored.rejects if reject.load_id not in changed}
    yield from (f"a row is rejected and must not be: {reject}" for reject in sorted(found - wanted))
    yield from (f"a row must be rejected and is not: {reject}" for reject in sorted(wanted - found))


def _healing_problems(stored: Stored, expected: Expected) -> Iterator[str]:
    """A reject is healed by the first later load of the same file that does not reject the same row."""
    for loaded in expected.loaded:
        editions = [each for each in expected.loaded if _is_later_edition(each, loaded)]
        for reject in loaded.rejects:
            healing = (each.load.load_id for each in editions if reject.cells not in {r.cells for r in each.rejects})
            wanted, found = next(healing, None), stored.healed.get((reject.load_id, reject.line))
            if found != wanted:
                yield f"line {reject.line} of load {reject.load_id} is healed by {found}; expected {wanted}"


def _is_later_edition(each: Loaded, loaded: Loaded) -> bool:
    same_file = (each.drop.name, each.drop.dataset) == (loaded.drop.name, loaded.drop.dataset)
    return same_file and each.drop.refused is None and each.load.load_id > loaded.load.load_id


def _leftovers(stored: Stored, expected: Expected) -> Iterator[str]:
    yield from (f"the event of load {load_id} is still in the outbox" for load_id in stored.outbox)
    yield from (f"the ledger says that {file.file} waits in the inbox: {file.reason}" for file in stored.waiting)
    known = {loaded.load.load_id for loaded in expected.loaded}
    for load_id in sorted(stored.ledger.keys() - known):
        yield f"the ledger has entries of load {load_id}, which is not in the ledger"
