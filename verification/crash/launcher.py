"""Runs a service like `python -m services.…`, and kills it at a crash point.

    python -m verification.crash.launcher writer --passages FILE [--at "after the ack" --passage 3]

Each passage of a point is a line in the file, so that one run counts the passages of all points.
"""

import argparse
import os
import runpy
import signal
import threading
from collections import Counter
from pathlib import Path

from verification.crash.calls import Call
from verification.crash.instrumentation import put_in
from verification.crash.points import Point
from verification.crash.table import points_of


class Passages:
    """Counts the passages of a process in a file, and kills the process at the requested one."""

    def __init__(self, file: Path, *, at: str, passage: int) -> None:
        self._descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC)
        self._at = at
        self._passage = passage
        self._counts: Counter[str] = Counter()
        self._counting = threading.Lock()

    def reached(self, point: Point, call: Call) -> None:
        """Count a passage; does not return from the requested one."""
        with self._counting:
            self._counts[point.name] += 1
            os.write(self._descriptor, f"{point.name}\n".encode())
            if (point.name, self._counts[point.name]) == (self._at, self._passage):
                point.last_act(call)
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("service")
    parser.add_argument("--passages", type=Path, required=True)
    parser.add_argument("--at", default="")
    parser.add_argument("--passage", type=int, default=1)
    wanted = parser.parse_args()
    passages = Passages(wanted.passages, at=wanted.at, passage=wanted.passage)
    for point in points_of(wanted.service):
        put_in(point, passages.reached)
    runpy.run_module(f"services.{wanted.service}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
