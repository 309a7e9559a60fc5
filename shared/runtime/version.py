"""The version of the installed program."""

from importlib.metadata import version


def program_version() -> str:
    """Return the version of the installed program."""
    return version("inflow")
