"""The arguments of the command `inflow`."""

import argparse
from pathlib import Path

from inflow.read_options import add_read_options

_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse gives what its add_subparsers returns no other name


class _PrintVersion(argparse.Action):
    """Looks the version up only when it is asked for: argparse's own action would at each health check."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        from shared.runtime.version import program_version  # noqa: PLC0415

        print(f"inflow {program_version()}")
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    """Return the parser; each command names the function that does it."""
    parser = argparse.ArgumentParser(
        prog="inflow", description="Files dropped into a folder are in a database, exactly once in effect."
    )
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    _add_looks_at_files(commands)
    _add_reports(commands)
    _add_repairs(commands)
    _add_recovery(commands)
    _add_preparations(commands)
    _add_others(commands)
    return parser


def _add_run(subparsers: "_Commands[argparse.ArgumentParser]") -> None:
    run = subparsers.add_parser("run", help="load what is dropped into the inbox")
    run.add_argument("--embedded", action="store_true", help="one process, SQLite, no server")
    run.add_argument("--until-idle", action="store_true", help="with --embedded: end when nothing is left to do")
    _add_data(run)
    _add_config(run)
    run.set_defaults(command="inflow.commands:run")


def _add_looks_at_files(subparsers: "_Commands[argparse.ArgumentParser]") -> None:
    read = subparsers.add_parser("read", help="show what is read of a file, as clean CSV")
    add_read_options(read)
    read.add_argument("--rejects", type=Path, metavar="FILE", help="write the rejected rows and their reasons there")
    read.set_defaults(command="inflow.read:read")

    check = subparsers.add_parser("check", help="show what would become of a file, without loading it")
    add_read_options(check)
    check.add_argument("--dataset", metavar="NAME", help="default: the one that the file's name fits")
    check.add_argument("--json", action="store_true", help="for machines")
    _add_config(check)
    check.set_defaults(command="inflow.check:check")

    profile = subparsers.add_parser("profile", help="show what is in a file, before a dataset is written for it")
    add_read_options(profile)
    profile.add_argument("--html", type=Path, metavar="PAGE", help="write a page with pictures")
    output = profile.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="for machines")
    output.add_argument("--toml", action="store_true", help="propose a dataset for inflow.toml")
    _add_data(profile)
    _add_config(profile)
    profile.set_defaults(command="inflow.profile.command:profile")


def _add_reports(subparsers: "_Commands[argparse.ArgumentParser]") -> None:
    for name, command, what in (
        ("status", "inflow.commands:status", "show the files that wait, the loads and the references that wait"),
        ("loads", "inflow.commands:show_loads", "list all loads with their accounts"),
    ):
        report = subparsers.add_parser(name, help=what)
        report.add_argument("--json", action="store_true", help="for machines")
        _add_data(report)
        _add_config(report)
        report.set_defaults(command=command)

    rejects = subparsers.add_parser("rejects", help="list rejected rows, and which of them are healed")
    _add_rejects_options(rejects)
    rejects.set_defaults(command="inflow.rejects:show_rejects")


def _add_rejects_options(rejects: argparse.ArgumentParser) -> None:
    rejects.add_argument("--load", type=_positive, metavar="N", help="those of one load")
    rejects.add_argument("--open", action="store_true", help="those that no later load healed")
    rejects.add_argument("--json", action="store_true", help="for machines")
    _add_data(rejects)
    _add_config(rejects)


def _add_repairs(subparsers: "_Commands[argparse.ArgumentParser]") -> None:
    verify = subparsers.add_parser("verify", help="compare the kept counts with the whole tables")
    verify.add_argument("--json", action="store_true", help="for machines")
    verify.add_argument("--repair", action="store_true", help="rebuild those that are wrong")
    _add_data(verify)
    _add_config(verify)
    verify.set_defaults(command="inflow.verify:verify")

    redrive = subparsers.add_parser(
        "redrive", help="put dead letters back into their queues, once their cause is mended"
    )
    redrive.add_argument("--dry-run", action="store_true", help="show them, with their reasons, and leave them")
    _add_data(redrive)
    _add_config(redrive)
    redrive.set_defaults(command="inflow.redrive:redrive")


def _add_recovery(subparsers: "_Commands[argparse.ArgumentParser]") -> None:
    replay = subparsers.add_parser(
        "replay", help="drop archived files again, oldest first: those whose rows the database does not have"
    )
    replay.add_argument("--all", action="store_true", help="every archived file, also those that the database has")
    replay.add_argument("--first", type=_positive, default=1, metavar="LOAD", help="from this load on")
    replay.add_argument("--last", type=_positive, metavar="LOAD", help="up to this load")
    replay.add_argument("--dry-run", action="store_true", help="list the files, and copy none")
    _add_data(replay)
    _add_config(replay)
    replay.set_defaults(command="inflow.replay:replay")

    give_up = subparsers.add_parser("give-up", help="end a load whose file or messages are gone for good")
    give_up.add_argument("load", type=_positive, metavar="LOAD", help="its number; `inflow status` shows it")
    _add_data(give_up)
    _add_config(give_up)
    give_up.set_defaults(command="inflow.give_up:give_up")


def _add_preparations(subparsers: "_Commands[argparse.ArgumentParser]") -> None:
    declare = subparsers.add_parser("declare", help="declare exchanges and queues, with a user that may")
    declare.set_defaults(command="inflow.prepare:declare")

    migrate = subparsers.add_parser("migrate", help="create and migrate the tables, with an account that may")
    _add_data(migrate)
    _add_config(migrate)
    migrate.set_defaults(command="inflow.prepare:migrate")

    grants = subparsers.add_parser("grants", help="print the rights in the database that a service needs, as SQL")
    grants.add_argument("service", choices=("migrate", "watcher", "writer", "aggregator"))
    grants.add_argument("--account", metavar="NAME", help="default: 'inflow_SERVICE'@'%%'")
    _add_config(grants)
    grants.set_defaults(command="inflow.prepare:grants")


def _add_others(subparsers: "_Commands[argparse.ArgumentParser]") -> None:
    sample = subparsers.add_parser("sample", help="write sample people.csv and places.csv")
    sample.add_argument("--rows", type=_positive, default=1000, metavar="N", help="people (default: 1000)")
    sample.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write into")
    sample.add_argument("--seed", type=int, default=1, metavar="N", help="the same seed gives the same files")
    sample.set_defaults(command="inflow.commands:sample")

    schema = subparsers.add_parser("schema", help="print the tables' definition for MySQL")
    _add_config(schema)
    schema.set_defaults(command="inflow.commands:schema")

    health = subparsers.add_parser("health", help="exit with 0 if this container's service works")
    health.set_defaults(command="inflow.health:health")


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: INFLOW_DATA, else ./data)")


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="default: INFLOW_CONFIG, else ./inflow.toml, else people and places",
    )


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected a number above 0")
    return number
