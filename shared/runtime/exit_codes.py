"""Exit codes of Inflow's processes."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit code of a process."""

    OK = 0
    #: A file was refused, or something else needs attention.
    ATTENTION = 1
    #: The configuration or the usage is wrong.
    CONFIGURATION = 2
    #: A server can't be reached.
    UNREACHABLE = 3
