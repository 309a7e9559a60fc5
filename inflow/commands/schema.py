"""`inflow schema`: prints schema.sql for a configuration."""

import argparse
import sys

from inflow.arguments import add_config
from inflow.installation import catalog_of
from shared.configuration.environment import Environment
from shared.operations.schema_file import schema_sql
from shared.runtime.exit_codes import ExitCode
from shared.storage.database import DIALECTS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--database", choices=sorted(DIALECTS), default="mysql", help="default: mysql")
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Print schema.sql for the configuration."""
    sys.stdout.write(schema_sql(catalog_of(options, environment), DIALECTS[options.database]))
    return ExitCode.OK
