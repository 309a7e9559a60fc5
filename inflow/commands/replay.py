"""`inflow replay`: archived files go back into the inbox in the order of their loads."""

import argparse

from inflow.arguments import add_config, add_data, positive
from inflow.installation import data_folder, open_installation
from shared.configuration.environment import Environment
from shared.extraction.load_files import displayed
from shared.operations.replay import drop_again, find_archived
from shared.runtime.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--all", action="store_true", help="every archived file, also those that the database has")
    parser.add_argument("--first", type=positive, default=1, metavar="LOAD", help="from this load on")
    parser.add_argument("--last", type=positive, metavar="LOAD", help="up to this load")
    parser.add_argument("--dry-run", action="store_true", help="list the files, and copy none")
    add_data(parser)
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Copy archived files into the inbox; exit with 1 where a file's dataset can't be told."""
    folder = data_folder(options, environment)
    with open_installation(options, environment, read_only=True) as store:
        found = list(find_archived(folder, store, every=options.all, first=options.first, last=options.last))
    ready = [each for each in found if each.dataset is not None]
    if not options.dry_run:
        drop_again(folder, ready)
    for each in found:
        print(f"load {each.load_id}: {displayed(each.path.name)}: {each.problem or f'to inbox/{each.dataset}/'}")
    print(f"{len(ready)} of {len(found)} files {'would go' if options.dry_run else 'are'} back in the inbox")
    return ExitCode.OK if len(ready) == len(found) else ExitCode.ATTENTION
