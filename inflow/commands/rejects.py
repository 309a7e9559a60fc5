"""`inflow rejects`: the rejected rows, why each was, and which load healed it."""

import argparse
from collections.abc import Iterator

from inflow.arguments import add_config, add_data, add_json, positive
from inflow.installation import open_installation
from inflow.pages import PAGE_SIZE, all_pages
from inflow.presentation import reject_report
from shared.configuration.environment import Environment
from shared.model.errors import NoSuchLoad
from shared.operations.rejects import list_rejects
from shared.runtime.exit_codes import ExitCode
from shared.storage.ledger.rejects import Reject
from shared.storage.store import Store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--load", type=positive, metavar="N", help="those of one load")
    parser.add_argument("--open", action="store_true", help="those that no later load healed")
    add_json(parser)
    add_data(parser)
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """List rejected rows, as many as there are: a page of them is in memory at a time."""
    with open_installation(options, environment, read_only=True) as store:
        rejects = _rejects(store, options.load, is_open=options.open)
        for text in reject_report.as_json(rejects) if options.json else reject_report.as_text(rejects):
            print(text)
    return ExitCode.OK


def _rejects(store: Store, load_id: int | None, *, is_open: bool) -> Iterator[Reject]:
    def page_after(last: Reject | None) -> list[Reject]:
        after = (last.load_id, last.line) if last else (0, 0)
        return list_rejects(store, limit=PAGE_SIZE, after=after, load_id=load_id, is_open=is_open)

    try:
        yield from all_pages(page_after)
    except NoSuchLoad as error:
        raise NoSuchLoad(f"--load {load_id}: there is no such load; `inflow loads` lists them") from error
