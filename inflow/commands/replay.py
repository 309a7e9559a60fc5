"""`inflow replay`: archived files are loaded again in the order of their loads."""

import argparse

from inflow.arguments import add_config, add_data, positive
from inflow.installation import data_folder, open_installation
from services.extractor.settings import WatcherConfig
from shared.configuration.environment import Environment
from shared.extraction.load_files import displayed
from shared.operations.replay import Archived, find_archived, load_again
from shared.runtime.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--all", action="store_true", help="every archived file, also those that the database has")
    parser.add_argument("--first", type=positive, default=1, metavar="LOAD", help="from this load on")
    parser.add_argument("--last", type=positive, metavar="LOAD", help="up to this load")
    parser.add_argument("--dry-run", action="store_true", help="list the files, and move none")
    add_data(parser)
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Have archived files loaded again; exit with 1 where a file's dataset can't be told."""
    folder = data_folder(options, environment)
    bounds = WatcherConfig.from_environment(environment).bounds
    with open_installation(options, environment, read_only=options.dry_run) as store:
        found = list(find_archived(folder, store, every=options.all, first=options.first, last=options.last))
        ready = [each for each in found if each.dataset is not None]
        numbers = {} if options.dry_run else dict(load_again(folder, store, ready, bounds))
    for each in found:
        print(f"load {each.load_id}: {displayed(each.path.name)}: {_what_becomes_of(each, numbers.get(each))}")
    print(f"{len(ready)} of {len(found)} files {'would be' if options.dry_run else 'are'} loaded again")
    return ExitCode.OK if len(ready) == len(found) else ExitCode.ATTENTION


def _what_becomes_of(file: Archived, load_id: int | None) -> str:
    if file.problem:
        return file.problem
    if not file.is_number_taken:
        return f"into {file.dataset}"
    return f"into {file.dataset}, as {'a new load' if load_id is None else f'load {load_id}'}"
