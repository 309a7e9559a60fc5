"""What each command of `inflow` does."""

import argparse
import sys
import threading
from functools import partial
from pathlib import Path

from inflow import report
from inflow.embedded import Embedded, embedded_database
from inflow.sample import write_sample
from inflow.schema_file import schema_sql
from services.aggregator import service as aggregator
from services.watcher import service as watcher
from services.watcher.config import WatcherConfig
from services.writer import service as writer
from shared.database import Database
from shared.datasets import Catalog
from shared.environment import Environment
from shared.errors import ConfigurationError, TransientError
from shared.exit_codes import ExitCode
from shared.files import DataFolder
from shared.health import Health
from shared.lifecycle import SideTask, stop_on_signals
from shared.running import Context, read_catalog, read_settings, run_on_servers, set_up_logs_from
from shared.schema import build_schema
from shared.settings import DatabaseSettings


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Run all services in this process."""
    set_up_logs_from(environment, service="inflow")
    folder = _folder(options, environment)
    folder.root.mkdir(parents=True, exist_ok=True)
    lock = folder.lock("run")
    if not lock.acquire():
        raise ConfigurationError(f"another inflow runs on {folder.root}; stop it, or name another folder with --data")
    try:
        with stop_on_signals() as stop:
            runner = _run_embedded if options.embedded else _run_on_servers
            return runner(options, environment, folder, stop)
    finally:
        lock.release()


def status(options: argparse.Namespace, environment: Environment) -> int:
    """Show what waits and what was loaded."""
    catalog = _catalog(options, environment)
    snapshot = _snapshot(options, environment, catalog)
    print(report.as_json(snapshot) if options.json else report.as_text(snapshot))
    return ExitCode.OK


def show_loads(options: argparse.Namespace, environment: Environment) -> int:
    """List all loads."""
    catalog = _catalog(options, environment)
    snapshot = _snapshot(options, environment, catalog)
    print(report.loads_as_json(snapshot) if options.json else report.loads_as_text(snapshot))
    return ExitCode.OK


def sample(options: argparse.Namespace, environment: Environment) -> int:
    """Write sample files."""
    environment.finish()
    write_sample(options.out, rows=options.rows, seed=options.seed)
    return ExitCode.OK


def schema(options: argparse.Namespace, environment: Environment) -> int:
    """Print schema.sql for the configuration."""
    sys.stdout.write(schema_sql(_catalog(options, environment)))
    return ExitCode.OK


def _run_embedded(
    options: argparse.Namespace, environment: Environment, folder: DataFolder, stop: threading.Event
) -> int:
    config = WatcherConfig.from_environment(environment)
    health_file = environment.optional_path("INFLOW_HEALTH_FILE")
    catalog = _catalog(options, environment)
    try:
        pipeline = Embedded(folder=folder, catalog=catalog, config=config, health=Health(health_file), stop=stop)
        return pipeline.run(until_idle=options.until_idle)
    except TransientError:
        if stop.is_set():
            return ExitCode.OK
        raise


def _run_on_servers(
    options: argparse.Namespace, environment: Environment, folder: DataFolder, stop: threading.Event
) -> int:
    if options.until_idle:
        raise ConfigurationError("--until-idle: only together with --embedded")
    prepared = [service.prepare(environment) for service in (watcher, writer, aggregator)]
    settings = read_settings(environment, config=options.config, folder=folder)

    def run_all(context: Context) -> None:
        tasks = [SideTask(partial(each, context), stop=stop, name="service") for each in prepared]
        for task in tasks:
            task.start()
        for task in tasks:
            task.finish()

    run_on_servers(settings, run_all, stop=stop)
    return ExitCode.OK


def _folder(options: argparse.Namespace, environment: Environment) -> DataFolder:
    return DataFolder(options.data or environment.path("INFLOW_DATA", Path("data")))


def _catalog(options: argparse.Namespace, environment: Environment) -> Catalog:
    return read_catalog(environment, config=options.config)


def _snapshot(options: argparse.Namespace, environment: Environment, catalog: Catalog) -> report.Snapshot:
    """Read the books of an embedded data folder, if it is one, else those of the servers that the environment names."""
    database = _database(options, environment)
    try:
        return report.take_snapshot(database, build_schema(catalog, database.flavour), catalog)
    finally:
        database.close()


def _database(options: argparse.Namespace, environment: Environment) -> Database:
    folder = _folder(options, environment)
    named = DatabaseSettings.is_configured(environment)
    if folder.database.exists() and (options.data is not None or not named):
        environment.finish()
        return embedded_database(folder, read_only=True)
    if not named:
        raise ConfigurationError(
            f"{folder.root} holds no embedded database, and neither DATABASE_URL nor MYSQL_HOST names a server"
        )
    settings = DatabaseSettings.from_environment(environment)
    environment.finish()
    return Database(settings.url)
