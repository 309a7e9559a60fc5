"""The machine on which the figures are measured."""

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from tests.support.services import REPOSITORY


def machine_facts() -> Mapping[str, object]:
    """Describe this machine, its other load at the moment, and the version of the code."""
    return {
        "moment": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _first_value("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory": _first_value("/proc/meminfo", "MemTotal"),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": os.getloadavg(),
        "commit": _commit(),
    }


def is_busy() -> bool:
    """Whether other work used the machine during the last minute, which makes figures unreliable."""
    return os.getloadavg()[0] > 0.5


def _first_value(path: str, name: str) -> str:
    lines = Path(path).read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "not known")


def _commit() -> str:
    """Return the commit, followed by "dirty" if files differ from it."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "not known"
