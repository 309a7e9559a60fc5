"""Rejected rows: why each was rejected, and which load healed it."""

from shared.model.errors import NoSuchLoad
from shared.storage.ledger import loads, rejects
from shared.storage.ledger.rejects import Reject
from shared.storage.store import Store


def list_rejects(
    store: Store, *, limit: int, after: tuple[int, int] = (0, 0), load_id: int | None = None, is_open: bool = False
) -> list[Reject]:
    """List at most `limit` rejected rows after this load and line, in the order of loads and lines.

    Of one load or of all; only those that no load healed if `is_open`. Raises NoSuchLoad if `load_id` is unknown.
    """
    with store.transaction() as connection:
        if load_id is not None and not loads.find(connection, store.schema, [load_id]):
            raise NoSuchLoad(f"there is no load {load_id}; `inflow loads` lists them")
        return rejects.after(connection, store.schema, after, limit=limit, load_id=load_id, is_open=is_open)
