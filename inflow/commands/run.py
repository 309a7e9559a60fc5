"""`inflow run`: loads what is dropped into the inbox."""

import argparse
import threading

from inflow.arguments import add_config, add_data
from inflow.embedded import Embedded
from inflow.installation import catalog_of, data_folder
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's own arguments."""
    parser.add_argument("--embedded", action="store_true", help="one process, SQLite, no server")
    parser.add_argument("--until-idle", action="store_true", help="with --embedded: end when nothing is left to do")
    add_data(parser)
    add_config(parser)


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
