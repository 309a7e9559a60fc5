"""What each command of `inflow` does."""

import argparse
import sys
import threading

from inflow import report
from inflow.embedded import Embedded
from inflow.installation import catalog_of, data_folder, open_installation
from inflow.queues import broker_settings, look_at_queues
from inflow.sample import write_sample
from inflow.schema_file import schema_sql
from services.aggregator import service as aggregator
from services.extractor.settings import WatcherConfig
from services.watcher import service as watcher
from services.writer import service as writer
from shared.configuration.environment import Environment
from shared.model.errors import ConfigurationError, FolderTaken, TransientError
from shared.runtime.exit_codes import ExitCode
from shared.runtime.files import DataFolder
from shared.runtime.health import Health
from shared.runtime.lifecycle import Stop, stop_on_signals
from shared.service.running import read_settings, run_on_servers, set_up_logs_from


def run(options: argparse.Namespace, environment: Environment) -> int:
    """Run all services in this process."""
    set_up_logs_from(environment, service="inflow")
    folder = data_folder(options, environment)
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
    settings = broker_settings(options, environment)
    snapshot = _snapshot(options, environment)
    queues = look_at_queues(settings)
    print(report.as_json(snapshot, queues) if options.json else report.as_text(snapshot, queues))
    return ExitCode.OK


def show_loads(options: argparse.Namespace, environment: Environment) -> int:
    """List all loads."""
    snapshot = _snapshot(options, environment)
    print(report.loads_as_json(snapshot) if options.json else report.loads_as_text(snapshot))
    return ExitCode.OK


def sample(options: argparse.Namespace, environment: Environment) -> int:
    """Write sample files."""
    environment.finish()
    write_sample(options.out, rows=options.rows, seed=options.seed)
    return ExitCode.OK


def schema(options: argparse.Namespace, environment: Environment) -> int:
    """Print schema.sql for the configuration."""
    sys.stdout.write(schema_sql(catalog_of(options, environment)))
    return ExitCode.OK


def _run_embedded(
    options: argparse.Namespace, environment: Environment, folder: DataFolder, stop: threading.Event
) -> int:
    config = WatcherConfig.from_environment(environment)
    health_file = environment.optional_path("INFLOW_HEALTH_FILE")
    catalog = catalog_of(options, environment)
    try:
        pipeline = Embedded(folder=folder, catalog=catalog, config=config, health=Health(health_file), stop=stop)
        return pipeline.run(until_idle=options.until_idle)
    except FolderTaken as error:
        raise ConfigurationError(str(error)) from error
    except TransientError:
        if stop.is_set():
            return ExitCode.OK
        raise


def _run_on_servers(options: argparse.Namespace, environment: Environment, folder: DataFolder, stop: Stop) -> int:
    if options.until_idle:
        raise ConfigurationError("--until-idle: only together with --embedded")
    modules = {"watcher": watcher, "writer": writer, "aggregator": aggregator}
    services = {name: module.prepare(environment) for name, module in modules.items()}
    settings = read_settings(environment, config=options.config, folder=folder)
    run_on_servers(settings, services, stop=stop)
    return ExitCode.OK


def _snapshot(options: argparse.Namespace, environment: Environment) -> report.Snapshot:
    with open_installation(options, environment, read_only=True) as store:
        return report.take_snapshot(store)
