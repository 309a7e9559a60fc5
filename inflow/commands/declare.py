"""`inflow declare`: exchanges and queues, prepared by an administrator so that no service has to."""

import argparse

from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings
from shared.messaging.rabbitmq import declare_all
from shared.runtime.exit_codes import ExitCode


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """There are none: the environment names the broker."""


def run(_options: argparse.Namespace, environment: Environment) -> int:
    """Declare exchanges, queues and bindings on the broker."""
    settings = BrokerSettings.from_environment(environment)
    environment.finish()
    endpoint = declare_all(settings)
    print(
        f"{endpoint}, virtual host {settings.virtual_host}: exchanges and queues of the namespace "
        f"{settings.namespace} are declared"
    )
    return ExitCode.OK
