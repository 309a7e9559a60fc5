"""Runs the benchmark: python -m benchmarks --rows 1000000 --json results.json."""

import dataclasses
import os
import signal
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.bench import Bench
from benchmarks.document import document
from benchmarks.files import Files
from benchmarks.machine import is_busy, machine_facts
from benchmarks.options import Options
from benchmarks.results import Results
from benchmarks.schedule import measure
from benchmarks.servers import BenchServers
from benchmarks.tables import report
from tests.support.servers.found import Unavailable
from tests.support.servers.session import Servers

#: Prefixes of the product's variables: the user's own settings must not affect the measurement.
_SETTINGS = ("INFLOW_", "RABBITMQ_", "MYSQL_", "DATABASE_URL")

say = partial(print, flush=True)


def main() -> int:
    """Run the requested cases, print the results, and return 0 if everything succeeded."""
    options = Options.parse()
    # If ended by `timeout` or a CI runner, it ends its servers and drops its databases as after ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    servers = Servers(environ=_taken_environment(), announce=say)
    try:
        return _run(options, BenchServers(servers))
    except Unavailable as reason:
        say(f"no servers: {reason}")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        servers.close()


def _taken_environment() -> Mapping[str, str]:
    """Return the environment, and remove the product's settings from it for the processes that we start."""
    environ = dict(os.environ)
    for name in environ:
        if name.startswith(_SETTINGS):
            del os.environ[name]
    return environ


def _run(options: Options, servers: BenchServers) -> int:
    results = Results(say)
    circumstances = _circumstances(servers, results)
    try:
        with TemporaryDirectory(prefix="inflow-bench-") as folder:
            files = Files(Path(folder), seed=options.seed)
            measure(Bench(options=options, servers=servers, files=files, results=results))
    except BaseException as error:
        results.warn(f"ended early, not everything was measured: {type(error).__name__}")
        raise
    finally:
        # Also for an incomplete run, which may have taken an hour.
        say(f"\n{report(results, rows=options.rows)}")
        if options.json:
            content = document(results, rows=options.rows, arguments=sys.argv[1:], circumstances=circumstances)
            options.json.write_bytes(content)
    return 1 if results.has_failed else 0


def _circumstances(servers: BenchServers, results: Results) -> Mapping[str, object]:
    """Print the conditions of the measurement, and everything that makes it less reliable."""
    machine, facts = machine_facts(), servers.facts()
    for name, known in (("machine", machine), ("database", facts.database), ("broker", facts.broker)):
        say(f"{name}: {', '.join(f'{key} {value}' for key, value in known.items())}")
    for warning in (*facts.shortcuts, *["the machine was busy with something else at the start"] * is_busy()):
        results.warn(warning)
    return {"machine": machine, "servers": dataclasses.asdict(facts)}


if __name__ == "__main__":
    sys.exit(main())
