"""The command `inflow`."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol, cast

from shared.configuration.environment import Environment
from shared.model.errors import (
    ConfigurationError,
    FolderUnavailable,
    InflowError,
    RequestError,
    SchemaMismatch,
    TransientError,
)
from shared.runtime.exit_codes import ExitCode

#: What each command does; its arguments and the rest are in the module of its name.
_COMMANDS: Mapping[str, str] = {
    "run": "load the files that are dropped into the inbox",
    "read": "parse a file of any format and print clean CSV",
    "check": "dry-run a file: detected format, typed sample, rejected rows",
    "profile": "profile a file: types, keys, and a proposed dataset",
    "status": "show services, queues, waiting files, loads and unresolved references",
    "loads": "list all loads with their accounts",
    "rejects": "list rejected rows, and which of them are healed",
    "verify": "compare the kept counts with the whole tables",
    "redrive": "requeue dead letters once their cause is corrected",
    "replay": "load archived files again whose rows the database lost",
    "give-up": "end a load whose file or messages are gone for good",
    "declare": "declare exchanges and queues, as a user with the right to",
    "migrate": "create and migrate the tables, as an account with the right to",
    "grants": "print the rights in the database that a service needs, as SQL",
    "sample": "write sample people.csv and places.csv",
    "schema": "print the definitions of the tables, as SQL",
    "health": "exit with 0 if this container's service works",
}


class Command(Protocol):
    """A module of inflow.commands."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own arguments."""

    def run(self, options: argparse.Namespace, environment: Environment) -> int:
        """Run the command and return its exit code."""


class _PrintVersion(argparse.Action):
    """Looks the version up only when it is asked for: argparse's own action would at each health check."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        from shared.runtime.version import program_version  # noqa: PLC0415

        print(f"inflow {program_version()}")
        parser.exit()


class _CommandParser(argparse.ArgumentParser):
    """Parses the arguments of one command, whose module is imported once the command is chosen.

    Only what the command needs is imported: a health check every few seconds must cost next to nothing.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the command's arguments before they are parsed."""
        command = _command(self.prog.split()[-1])
        command.add_arguments(self)
        self.set_defaults(command=command)
        return super().parse_known_args(args, namespace)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _make_parser().parse_args(arguments)
    environment = Environment(os.environ)
    try:
        code = int(options.command.run(options, environment))
        # Here, not at the interpreter's end: only here can it be handled that the reader has gone.
        print(end="", flush=True)
        return code
    except (ConfigurationError, RequestError, SchemaMismatch) as error:
        print(error, file=sys.stderr)
        return ExitCode.CONFIGURATION
    except BrokenPipeError:
        # The reader of our output has gone, as `head` does.
        sys.stdout = None
        return ExitCode.OK
    except (FolderUnavailable, OSError) as error:
        print(f"a folder or file can't be used: {error}", file=sys.stderr)
        return ExitCode.CONFIGURATION
    except TransientError as error:
        print(f"can't be reached: {error}", file=sys.stderr)
        return ExitCode.UNREACHABLE
    except InflowError as error:
        print(error, file=sys.stderr)
        return ExitCode.ATTENTION


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="inflow", description="Files dropped into a folder are in a database, exactly once in effect."
    )
    parser.add_argument("--version", action=_PrintVersion, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_CommandParser)
    for name, does in _COMMANDS.items():
        commands.add_parser(name, help=does)
    return parser


def _command(name: str) -> Command:
    return cast("Command", import_module(f"inflow.commands.{name.replace('-', '_')}"))


if __name__ == "__main__":
    sys.exit(main())
