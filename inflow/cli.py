"""The command `inflow`."""

import os
import sys
from collections.abc import Sequence
from pkgutil import resolve_name

from inflow.arguments import make_parser
from shared.configuration.environment import Environment
from shared.model.errors import ConfigurationError, FolderUnavailable, InflowError, SchemaMismatch, TransientError
from shared.runtime.exit_codes import ExitCode


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = make_parser().parse_args(arguments)
    environment = Environment(os.environ)
    try:
        # Only what the command needs is imported: a health check every few seconds must cost next to nothing.
        command = resolve_name(options.command)
        code = int(command(options, environment))
        # Here, not at the interpreter's end: only here can it be handled that the reader has gone.
        print(end="", flush=True)
        return code
    except (ConfigurationError, SchemaMismatch) as error:
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


if __name__ == "__main__":
    sys.exit(main())
