"""What every service needs to run on servers: its context, and loops that reconnect for ever."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from shared.broker import Consumer
from shared.configuration.catalog import load_catalog
from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings, DatabaseSettings
from shared.configuration.tls import Tls
from shared.database import Database
from shared.datasets import Catalog
from shared.delivery import Handler
from shared.errors import (
    ConfigurationError,
    InflowError,
    SchemaMismatch,
    TablesUnusable,
    TerminalError,
    TransientError,
)
from shared.exit_codes import ExitCode
from shared.files import DataFolder
from shared.health import Health
from shared.lifecycle import Stop, report_failure, retry, stop_on_signals
from shared.logs import facts, set_up_logs
from shared.store import Store, open_store

_log = logging.getLogger(__name__)

#: What held this long counts as good: the back-off begins again.
_STABLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything that a service is given."""

    store: Store
    broker: BrokerSettings
    folder: DataFolder
    health: Health
    stop: threading.Event


Run = Callable[[Context], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every service reads from its environment."""

    catalog: Catalog
    broker: BrokerSettings
    database: DatabaseSettings
    folder: DataFolder
    health_file: Path | None


def run_service(service: str, prepare: Callable[[Environment], Run]) -> int:
    """Run one service to its end and return the exit code.

    `prepare` reads the service's own settings, so that all problems of the configuration are reported together.
    """
    environment = Environment(os.environ)
    try:
        set_up_logs_from(environment, service=service)
        folder = DataFolder(environment.path("INFLOW_DATA", Path("data")))
        run = prepare(environment)
        settings = read_settings(environment, config=None, folder=folder)
        with stop_on_signals() as stop:
            run_on_servers(settings, run, stop=stop)
    except (ConfigurationError, SchemaMismatch) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return ExitCode.CONFIGURATION
    except TerminalError as error:
        _log.critical("stopped: %s", error, extra=facts("failed", error=type(error).__name__))
        return ExitCode.ATTENTION
    return ExitCode.OK


def set_up_logs_from(environment: Environment, *, service: str) -> None:
    """Set up logs as INFLOW_LOG_LEVEL and INFLOW_LOG_FORMAT say."""
    set_up_logs(
        level=environment.choice("INFLOW_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
        log_format=environment.choice("INFLOW_LOG_FORMAT", ("auto", "json", "text"), "auto"),
        service=service,
    )


def read_settings(environment: Environment, *, config: Path | None, folder: DataFolder) -> Settings:
    """Read what every service needs; a configuration file named on the command line goes first.

    To be called last: raises ConfigurationError with all problems of the environment and of the file.
    """
    return Settings(
        broker=BrokerSettings.from_environment(environment),
        database=DatabaseSettings.from_environment(environment),
        folder=folder,
        health_file=environment.optional_path("INFLOW_HEALTH_FILE"),
        catalog=read_catalog(environment, config=config),
    )


def read_catalog(environment: Environment, *, config: Path | None) -> Catalog:
    """Read the configuration file, and raise its problems together with those of the environment."""
    try:
        catalog = load_catalog(config or environment.optional_path("INFLOW_CONFIG"))
    except ConfigurationError as error:
        environment.raise_with(error)
    environment.finish()
    return catalog


def run_on_servers(settings: Settings, run: Run, *, stop: Stop) -> None:
    """Wait for the database for as long as it takes, prepare the tables, and run until a stop is requested.

    Where tables are gone or may not be used any more (the database was dropped and created again), the run ends, and
    another one begins with tables that are prepared again.
    """
    database = Database(settings.database.url, connect_args=settings.database.connect_args)
    _log.info("started", extra=facts("started", database=settings.database, broker=settings.broker))
    _warn_of_unverified(RabbitMQ=settings.broker.tls, database=settings.database.tls)

    def run_once() -> None:
        store = open_store(database, settings.catalog)
        with stop.part() as own_stop:
            run(
                Context(
                    store=store,
                    broker=settings.broker,
                    folder=settings.folder,
                    health=Health(settings.health_file),
                    stop=own_stop,
                )
            )

    try:
        _keep_on(run_once, stop=stop, retried=(TransientError, TablesUnusable))
    finally:
        database.close()
    _log.info("stopped", extra=facts("stopped"))


def _warn_of_unverified(**servers: Tls) -> None:
    for server, tls in servers.items():
        if tls.is_on and not tls.verifies:
            _log.warning(
                "%s is not verified: what is sent can be read and changed by whoever is in between",
                server,
                extra=facts("tls_unverified", server=server, mode=tls.mode),
            )


def consume_for_ever(
    consumer: Consumer,
    handle: Handler,
    *,
    stop: threading.Event,
    tick: Callable[[], None],
    tick_seconds: float,
) -> None:
    """Consume until a stop is requested; connect again, with back-off, whenever the connection is lost.

    A tick that meets a transient error is reported and tried again at its next time: to give up the connection for
    it would count as a failed delivery of every message in hand.
    """

    def patient_tick() -> None:
        try:
            tick()
        except TransientError as error:
            report_failure(error, tick_seconds)

    def consume() -> None:
        consumer.run(handle, stop=stop, tick=patient_tick, tick_seconds=tick_seconds)

    _keep_on(consume, stop=stop, retried=(TransientError,))


def _keep_on(action: Callable[[], None], *, stop: threading.Event, retried: tuple[type[InflowError], ...]) -> None:
    """Run an action to its own end, again after each failure, with back-off where it fails soon after its start."""

    def has_ended() -> bool:
        began_at = time.monotonic()
        try:
            action()
            return True
        except retried as error:
            if time.monotonic() - began_at < _STABLE_SECONDS:
                raise
            report_failure(error, 0.0)
            return False

    try:
        while not (stop.is_set() or retry(has_ended, stop=stop, retried=retried)):
            pass
    except retried as error:
        _log.info("stopping while a server is away", extra=facts("stopped_unconnected", reason=str(error)))
