"""`inflow profile`: the look at a file before a dataset is written for it."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import orjson

from inflow.installation import catalog_of, is_embedded, open_installation
from inflow.outputs import output_file
from inflow.profile.html import as_html
from inflow.profile.lookup import KeyLookup, nobody_knows
from inflow.profile.source import open_table
from inflow.profile.text import as_text
from inflow.profile.toml import as_toml
from inflow.read_options import settings_of
from shared.configuration.environment import Environment
from shared.configuration.servers import DatabaseSettings
from shared.model.datasets import Catalog
from shared.model.errors import TransientError
from shared.profiling.printable import encodable
from shared.profiling.profile import Profile
from shared.profiling.proposal import propose
from shared.profiling.proposed_references import CountKeys, possible_references
from shared.profiling.table import profile_table
from shared.reading.line_account import LineAccount
from shared.runtime.exit_codes import ExitCode


def profile(options: argparse.Namespace, environment: Environment) -> int:
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
    with open_table(options.file, settings_of(options)) as opened:
        table = profile_table(opened.source, file=encodable(options.file.name), has_types=opened.has_types)
        account = LineAccount.of(opened.source, rows=table.profile.rows, rejects=table.profile.rejected)
    try:
        with _key_lookup(options, environment) as count_keys:
            references = tuple(possible_references(table, catalog, count_keys))
    except TransientError as error:
        print(
            f"references are guessed from names and types alone; the database can't be reached: {error}",
            file=sys.stderr,
        )
        references = tuple(possible_references(table, catalog, nobody_knows))
    return replace(
        table.profile,
        references=references,
        read_as=opened.read_as,
        truncation=opened.truncation,
        doubt=opened.doubt,
        account=account,
    )


@contextmanager
def _key_lookup(options: argparse.Namespace, environment: Environment) -> Iterator[CountKeys]:
    """Look keys up in the database that there is, if there is one."""
    if is_embedded(options, environment) or DatabaseSettings.is_configured(environment):
        with open_installation(options, environment, read_only=True) as store:
            yield KeyLookup(store)
    else:
        yield nobody_knows
