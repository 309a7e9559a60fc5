"""`inflow health`: whether a container's service works. It runs every few seconds, so it imports next to nothing."""

import argparse

from shared.configuration.environment import Environment
from shared.model.errors import ConfigurationError
from shared.runtime.health import is_healthy


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """There are none: the environment names the file."""


def run(_options: argparse.Namespace, environment: Environment) -> int:
    """Exit with 0 if the service that touches INFLOW_HEALTH_FILE works, else with 1."""
    path = environment.optional_path("INFLOW_HEALTH_FILE")
    if path is None:
        raise ConfigurationError("INFLOW_HEALTH_FILE is not set; expected the file that the service touches")
    return int(not is_healthy(path))
