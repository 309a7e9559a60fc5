"""`inflow sample`: writes sample people.csv and places.csv."""

import argparse
from pathlib import Path

from inflow.arguments import positive
from inflow.sample_data.people_and_places import write_sample
from shared.configuration.environment import Environment
from shared.runtime.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--rows", type=positive, default=1000, metavar="N", help="people (default: 1000)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write into")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed gives the same files")


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Write sample files."""
    environment.finish()
    write_sample(options.out, rows=options.rows, seed=options.seed)
    return ExitCode.OK
