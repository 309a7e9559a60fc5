"""`inflow profile`: examines a file before a dataset is written for it."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import orjson

from inflow.arguments import add_config, add_data, add_json
from inflow.installation import catalog_of, is_embedded, open_installation
from inflow.outputs import output_file
from inflow.presentation.profile.html import as_html
from inflow.presentation.profile.text import as_text
from inflow.presentation.profile.toml import as_toml
from inflow.read_options import add_read_options, open_given, settings_of
from shared.configuration.environment import Environment
from shared.configuration.servers import DatabaseSettings
from shared.extraction.regular_files import open_regular
from shared.model.datasets import Catalog
from shared.model.errors import TransientError
from shared.operations.key_lookup import KeyLookup, without_database
from shared.operations.profile_file import profile_file, with_references
from shared.profiling.printable import encodable
from shared.profiling.profile import Profile
from shared.profiling.proposal import propose
from shared.profiling.proposed_references import CountKeys
from shared.runtime.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_read_options(parser)
    parser.add_argument("--html", type=Path, metavar="PAGE", help="write a page with pictures")
    output = parser.add_mutually_exclusive_group()
    add_json(output)
    output.add_argument("--toml", action="store_true", help="propose a dataset for inflow.toml")
    add_data(parser)
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Profile one file, and write what was asked for."""
    catalog = _catalog_of(options, environment)
    found = _profile_of(options, environment, catalog)
    if options.html is not None:
        with output_file(options.html) as page:
            page.write(as_html(found).encode())
    if options.toml and found.doubt is not None:
        print(f"{found.file}: no dataset is proposed: a load would refuse the file: {found.doubt}", file=sys.stderr)
        return ExitCode.ATTENTION
    if options.toml:
        print(as_toml(propose(found, catalog, settings_of(options))), end="")
    elif options.json:
        print(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    elif options.html is None:
        print(as_text(found))
    return ExitCode.OK


def _catalog_of(options: argparse.Namespace, environment: Environment) -> Catalog:
    config = options.config or environment.path("INFLOW_CONFIG", Path("inflow.toml"))
    if options.toml and config.is_file() and not config.stat().st_size:
        # The shell that writes the proposal there has made or emptied it before we look.
        return Catalog(datasets={}, summaries=())
    return catalog_of(options, environment)


def _profile_of(options: argparse.Namespace, environment: Environment, catalog: Catalog) -> Profile:
    with _open(options.file) as file:
        table = profile_file(file, name=encodable(options.file.name), settings=settings_of(options))
    try:
        with _key_lookup(options, environment) as count_keys:
            return with_references(table, catalog, count_keys)
    except TransientError as error:
        print(
            f"references are guessed from names and types only; the database can't be reached: {error}",
            file=sys.stderr,
        )
        return with_references(table, catalog, without_database)


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    # A pipe without a writer would block the command forever; standard input is requested explicitly.
    with open_given(path) if str(path) == "-" else open_regular(path) as file:
        yield file


@contextmanager
def _key_lookup(options: argparse.Namespace, environment: Environment) -> Iterator[CountKeys]:
    """Look keys up in the database that there is, if there is one."""
    if is_embedded(options, environment) or DatabaseSettings.is_configured(environment):
        with open_installation(options, environment, read_only=True) as store:
            yield KeyLookup(store)
    else:
        yield without_database
