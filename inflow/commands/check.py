"""`inflow check`: dry-runs a file, without loading it."""

import argparse

from inflow.arguments import add_config, add_json
from inflow.installation import catalog_of
from inflow.presentation import check_report
from inflow.read_options import add_read_options, open_given, settings_of
from shared.configuration.environment import Environment
from shared.operations.dry_run import check_file, choose_dataset
from shared.runtime.exit_codes import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    add_read_options(parser)
    parser.add_argument("--dataset", metavar="NAME", help="default: the one that the file's name fits")
    add_json(parser)
    add_config(parser)


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Show it; 0 where every row would be loaded, 1 where some or all would not."""
    catalog = catalog_of(options, environment)
    dataset = choose_dataset(catalog, name=options.dataset, file=options.file.name)
    with open_given(options.file) as file:
        findings = check_file(file, dataset, settings_of(options))
    if options.json:
        print(check_report.as_json(options.file, findings))
    else:
        print("\n".join(check_report.as_text(options.file, findings)))
    return ExitCode.OK if findings.is_sound else ExitCode.ATTENTION
