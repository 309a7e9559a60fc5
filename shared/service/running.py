"""What every service needs to run on servers: its context, and loops that reconnect for ever."""

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

#: What held this long counts as good: the back-off begins again.
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
            run_on_servers(settings, {service: run}, stop=stop)
    except ConfigurationError as error:
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


def run_on_servers(settings: Settings, services: Mapping[str, Run], *, stop: Stop) -> None:
    """Wait for the database for as long as it takes, prepare the tables, and run services until a stop is requested.

    Where tables are gone or may not be used any more (the database was dropped and created again), the run ends, and
    another one begins with tables that are prepared again; also where a dataset is held, and its table is mended.
    """
    database = Database(settings.database.url, connect_args=settings.database.connect_args)
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
    """Run services on the tables as they are, and return whether they ended because a held dataset is mended."""
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
    """Say once which datasets are held, and which are no longer; take down in `held_before` what was said."""
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
    """End the run once other datasets are held than at its start: the next one takes up those that are mended."""
    while not stop.wait(_LOOK_AT_HELD_SECONDS):
        with suppress(TransientError, TablesUnusable, SchemaMismatch):
            if existing_store(store.database, store.catalog).held != store.held:
                is_mended.set()
                stop.set()


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
    on_wait: OnWait = ignore_wait,
) -> None:
    """Consume until a stop is requested; connect again, with back-off, whenever the connection is lost.

    `on_wait` hears what is waited for.

    A tick that meets a transient error is reported and tried again at its next time: to give up the connection for
    it would count as a failed delivery of every message in hand.
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
    """Run an action to its own end, again after each failure, with back-off where it fails soon after its start."""

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
        _log.info("stopping while a server is away", extra=facts("stopped_unconnected", reason=str(error)))
