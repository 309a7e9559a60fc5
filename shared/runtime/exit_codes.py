"""Exit codes, named."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What a process ends with."""

    OK = 0
    #: A file was refused, or something waits for a person.
    ATTENTION = 1
    #: Wrong configuration or usage.
    CONFIGURATION = 2
    #: A server can't be reached.
    UNREACHABLE = 3
