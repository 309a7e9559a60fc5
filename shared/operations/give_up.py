"""Gives up a load that can't continue because its file or its messages are permanently lost."""

from shared.model.errors import NoSuchLoad, RequestError
from shared.storage.ledger import completions, load_states, loads
from shared.storage.ledger.loads import Load
from shared.storage.store import Store


def give_up(store: Store, load_id: int) -> Load:
    """End an open load, and return it as it was before.

    The rows that it merged stay in the tables, and the summaries include them. Raises NoSuchLoad, or RequestError if
    the load is not open.
    """
    with store.transaction() as connection:
        load = loads.find(connection, store.schema, [load_id]).get(load_id)
        if load is None:
            raise NoSuchLoad(f"there is no load {load_id}; `inflow loads` lists them")
        message = f"given up by an operator after {load.rows_done} of its rows"
        if not load_states.give_up(connection, store.schema, load_id, message=message):
            raise RequestError(f"load {load_id} ({load.file}) is {load.state}; only an open load can be given up")
        completions.request_summaries(connection, store.schema)
    return load
