"""Runs services on servers: the context of each service, and loops that reconnect forever."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from shared.configuration.catalog import load_catalog
from shared.configuration.environment import Environment
from shared.configuration.servers import BrokerSettings, DatabaseSettings
from shared.configuration.tls import Tls
from shared.messaging.delivery import Handler
from shared.messaging.rabbitmq import Consumer, OnWait, ignore_wait
from shared.model.datasets import Catalog
from shared.model.errors import (
    ConfigurationError,
    InflowError,
    SchemaMismatch,
    TablesUnusable,
    TerminalError,
    TransientError,
)
from shared.runtime.exit_codes import ExitCode
from shared.runtime.files import DataFolder
from shared.runtime.health import Health
from shared.runtime.lifecycle import Stop, report_failure, retry, run_together, stop_on_signals
from shared.runtime.logs import facts, set_up_logs
from shared.service.heartbeat import Heartbeat
from shared.storage.database import Database
from shared.storage.store import Store, existing_store, open_store

_log = logging.getLogger(__name__)

#: After a run of this length the back-off starts from the beginning.
_STABLE_SECONDS = 30.0
_LOOK_AT_HELD_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything that a service is given."""

    store: Store
    broker: BrokerSettings
    folder: DataFolder
    heartbeat: Heartbeat
    stop: threading.Event


Run = Callable[[Context], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings that every service reads from its environment."""

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
            run_on_servers(settings, {service: run}, stop=stop)
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return ExitCode.CONFIGURATION
    except TerminalError as error:
        _log.critical("stopped: %s", error, extra=facts("failed", error=type(error).__name__))
        return ExitCode.ATTENTION
    return ExitCode.OK


def set_up_logs_from(environment: Environment, *, service: str) -> None:
    """Set up logs according to INFLOW_LOG_LEVEL and INFLOW_LOG_FORMAT."""
    set_up_logs(
        level=environment.choice("INFLOW_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "INFO"),
        log_format=environment.choice("INFLOW_LOG_FORMAT", ("auto", "json", "text"), "auto"),
        service=service,
    )


def read_settings(environment: Environment, *, config: Path | None, folder: DataFolder) -> Settings:
    """Read what every service needs; a configuration file named on the command line takes precedence.

    Must be called last: raises ConfigurationError with all problems of the environment and of the file.
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


def run_on_servers(settings: Settings, services: Mapping[str, Run], *, stop: Stop) -> None:
    """Wait for the database for as long as it takes, prepare the tables, and run services until a stop is requested.

    If tables are missing or may no longer be used (the database was dropped and created again), the run ends, and the
    next one prepares the tables again; the same happens when the table of a held dataset is repaired.
    """
    database = Database(settings.database.url, tls=settings.database.tls)
    _log.info("started", extra=facts("started", database=str(settings.database), broker=str(settings.broker)))
    _warn_of_unverified(RabbitMQ=settings.broker.tls, database=settings.database.tls)
    held_before: dict[str, str] = {}

    def run_until_ended() -> None:
        while True:
            store = open_store(database, settings.catalog)
            report_held(store.held, held_before)
            if not _is_mended_after(settings, store, services, stop=stop):
                return

    try:
        _keep_on(run_until_ended, stop=stop, retried=(TransientError, TablesUnusable, SchemaMismatch))
    finally:
        database.close()
    _log.info("stopped", extra=facts("stopped"))


def _is_mended_after(settings: Settings, store: Store, services: Mapping[str, Run], *, stop: Stop) -> bool:
    """Run services on the tables as they are; return whether they ended because a held dataset was repaired."""
    is_mended = threading.Event()
    with stop.part() as own_stop:
        runs = [partial(_run_one, settings, store, own_stop, name, run) for name, run in services.items()]
        if store.held:
            runs.append(partial(_stop_when_mended, store, own_stop, is_mended))
        run_together(runs, stop=own_stop, name="service")
    return is_mended.is_set() and not stop.is_set()


def _run_one(settings: Settings, store: Store, stop: threading.Event, name: str, run: Run) -> None:
    heartbeat = Heartbeat(store, name, Health(settings.health_file))
    context = Context(store=store, broker=settings.broker, folder=settings.folder, heartbeat=heartbeat, stop=stop)
    try:
        run(context)
    finally:
        heartbeat.stop()


def report_held(held: Mapping[str, str], held_before: dict[str, str]) -> None:
    """Log once which datasets are held, and which no longer are; `held_before` remembers what was logged."""
    for dataset, why in held.items():
        if held_before.get(dataset) != why:
            _log.error(
                "dataset %s is held: %s; other datasets are loaded",
                dataset,
                why,
                extra=facts("dataset_held", dataset=dataset, reason=why),
            )
    for dataset in held_before.keys() - held.keys():
        _log.info("dataset %s is loaded again", dataset, extra=facts("dataset_released", dataset=dataset))
    held_before.clear()
    held_before.update(held)


def _stop_when_mended(store: Store, stop: threading.Event, is_mended: threading.Event) -> None:
    """End the run once the held datasets differ from those at its start: the next run loads the repaired ones."""
    while not stop.wait(_LOOK_AT_HELD_SECONDS):
        with suppress(TransientError, TablesUnusable, SchemaMismatch):
            if existing_store(store.database, store.catalog).held != store.held:
                is_mended.set()
                stop.set()


def _warn_of_unverified(**servers: Tls) -> None:
    for server, tls in servers.items():
        if tls.is_on and not tls.verifies:
            _log.warning(
                "%s is not verified: an attacker on the network can read and change the traffic",
                server,
                extra=facts("tls_unverified", server=server, mode=tls.mode),
            )


def consume_forever(
    consumer: Consumer,
    handle: Handler,
    *,
    stop: threading.Event,
    tick: Callable[[], None],
    tick_seconds: float,
    on_wait: OnWait = ignore_wait,
) -> None:
    """Consume until a stop is requested; reconnect, with back-off, whenever the connection is lost.

    `on_wait` is called with what is waited for.

    A tick that fails with a transient error is logged, and runs again at its next time: closing the connection for it
    would count as a failed delivery of every unacknowledged message.
    """

    def patient_tick() -> None:
        try:
            tick()
        except TransientError as error:
            report_failure(error, tick_seconds)
            on_wait(str(error))

    def consume() -> None:
        consumer.run(handle, stop=stop, tick=patient_tick, tick_seconds=tick_seconds)

    _keep_on(consume, stop=stop, retried=(TransientError,), on_wait=on_wait)


def _keep_on(
    action: Callable[[], None],
    *,
    stop: threading.Event,
    retried: tuple[type[InflowError], ...],
    on_wait: OnWait = ignore_wait,
) -> None:
    """Run an action until it returns; repeat it after each failure, with back-off if it fails soon after its start."""

    def report(error: BaseException, pause_seconds: float) -> None:
        report_failure(error, pause_seconds)
        on_wait(str(error))

    def has_ended() -> bool:
        began_at = time.monotonic()
        try:
            action()
            return True
        except retried as error:
            if time.monotonic() - began_at < _STABLE_SECONDS:
                raise
            report(error, 0.0)
            return False

    try:
        while not (stop.is_set() or retry(has_ended, stop=stop, on_failure=report, retried=retried)):
            pass
    except retried as error:
        _log.info("stopping while a server is unavailable", extra=facts("stopped_unconnected", reason=str(error)))
