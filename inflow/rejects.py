"""`inflow rejects`: the rejected rows, why each was, and which load healed it."""

import argparse
from collections.abc import Iterator

import orjson

from inflow.installation import open_installation
from shared.configuration.environment import Environment
from shared.extraction.load_files import displayed
from shared.model.errors import ConfigurationError
from shared.runtime.exit_codes import ExitCode
from shared.storage.ledger import loads, rejects
from shared.storage.ledger.rejects import Reject
from shared.storage.store import Store


def show_rejects(options: argparse.Namespace, environment: Environment) -> int:
    """List rejected rows, as many as there are: none is kept in memory longer than it takes to print it."""
    with open_installation(options, environment, read_only=True) as store:
        found = _found(store, options.load, is_open=options.open)
        for text in _as_json(found) if options.json else _as_text(found):
            print(text)
    return ExitCode.OK


def _found(store: Store, load_id: int | None, *, is_open: bool) -> Iterator[Reject]:
    with store.transaction() as connection:
        if load_id is not None and not loads.find(connection, store.schema, [load_id]):
            raise ConfigurationError(f"--load {load_id}: there is no such load; `inflow loads` lists them")
        yield from rejects.all_rejects(connection, store.schema, load_id=load_id, is_open=is_open)


def _as_json(found: Iterator[Reject]) -> Iterator[str]:
    """An array with an object on each line."""
    before = "["
    for reject in found:
        yield f"{before}{orjson.dumps(reject).decode()}"
        before = ","
    yield "[]" if before == "[" else "]"


def _as_text(found: Iterator[Reject]) -> Iterator[str]:
    """For each row, where it is and what is wrong with it, and its text below."""
    count = 0
    for count, reject in enumerate(found, start=1):  # noqa: B007 - it is how many there were
        byte = "" if reject.byte_offset is None else f" (byte {reject.byte_offset})"
        column = "" if reject.column is None else f" in {reject.column}"
        healed = "open" if reject.healed_by is None else f"healed by load {reject.healed_by}"
        yield f"load {reject.load_id}, {reject.file}, line {reject.line}{byte}: {reject.code}{column}, {healed}"
        yield f"    {displayed(reject.message)}"
        yield f"    {displayed(reject.raw)}"
    if not count:
        yield "no rejected rows"
