"""Runs one rival in a process of its own: python -m benchmarks.rivals [--again] NAME FILE…, with DATABASE_URL.

It reports that it is ready, loads on request, and prints the resources used for that. Importing libraries and reading
arguments is not counted, and with --again, neither is a first load of the same files.
"""

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from pkgutil import resolve_name

from sqlalchemy import make_url

from benchmarks.processes import peak_mib
from benchmarks.rivals.catalog import FIRST_TIME, SECOND_TIME, Rival
from benchmarks.rivals.job import READY, Job, Load, Prepare
from benchmarks.rivals.tables import constants
from shared.storage.database import DIALECTS
from shared.storage.schema.schema import build_schema
from tests.support.catalogs import default_catalog

_BY_NAME = {rival.name: rival for rival in (*FIRST_TIME, *SECOND_TIME)}


def main(arguments: Sequence[str]) -> None:
    """Prepare, load, and print the result."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--again", action="store_true")
    parser.add_argument("name", choices=_BY_NAME)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    load = _prepared(_BY_NAME[options.name], options.files)
    if options.again:
        load()
    # The measurement of the database's process starts now, and so does the time limit.
    print(READY, flush=True)
    sys.stdin.readline()
    before, began = _cpu_seconds(), time.monotonic()
    load()
    seconds = time.monotonic() - began
    print(json.dumps({"seconds": seconds, "cpu_seconds": _cpu_seconds() - before, "peak_mib": peak_mib(os.getpid())}))


def _prepared(rival: Rival, files: Sequence[Path]) -> Load:
    prepare: Prepare = resolve_name(rival.prepare)
    table = build_schema(default_catalog(), DIALECTS["mysql"]).datasets["people"]
    url = make_url(os.environ["DATABASE_URL"]).update_query_dict({"charset": "utf8mb4"})
    return prepare(Job(url=url, files=files, table=table, constants=constants(table)))


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main(sys.argv[1:])
