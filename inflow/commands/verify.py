"""`inflow verify`: compares the kept counts with the whole tables."""

import argparse

from inflow.arguments import add_config, add_data, add_json
from inflow.installation import open_installation
from inflow.presentation import verify_report
from shared.configuration.environment import Environment
from shared.operations.verify import rebuild_counts, verify_counts
from shared.runtime.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_json(parser)
    parser.add_argument("--repair", action="store_true", help="rebuild those that are wrong")
    add_data(parser)
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Compare all kept counts with their tables; with --repair, rebuild those that are wrong."""
    with open_installation(options, environment, read_only=not options.repair) as store:
        verdicts = verify_counts(store)
        print(verify_report.as_json(verdicts) if options.json else "\n".join(verify_report.as_text(verdicts)))
        wrong = [verdict.count for verdict in verdicts if not verdict.is_right]
        if wrong and options.repair:
            rebuild_counts(store, wrong)
            wrong = [verdict.count for verdict in verify_counts(store) if not verdict.is_right]
    return ExitCode.ATTENTION if wrong else ExitCode.OK
