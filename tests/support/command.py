"""The command `inflow`, run in processes as by a user."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]

#: Short intervals, so that tests need not wait long.
QUICK = {"INFLOW_SETTLE_SECONDS": "0.05", "INFLOW_RESCAN_SECONDS": "0.05"}

Finished = subprocess.CompletedProcess[str]


class Inflow:
    """Runs commands on one data folder, in a working folder without an inflow.toml."""

    def __init__(self, root: Path, *, timeout_seconds: float = 240) -> None:
        self.root = root
        self._timeout_seconds = timeout_seconds
        self.data = root / "data"
        self.inbox = self.data / "inbox"
        self.inbox.mkdir(parents=True)

    def __call__(self, *arguments: str, prefix: Sequence[str] = (), **settings: str) -> Finished:
        """Run a command to its end."""
        return subprocess.run(
            [*prefix, *command_line(*arguments)],
            cwd=self.root,
            env=environment(settings),
            capture_output=True,
            text=True,
            timeout=self._timeout_seconds,
            check=False,
        )

    def run(self, *, prefix: Sequence[str] = (), **settings: str) -> Finished:
        """Load the files in the inbox, and end."""
        return self("run", "--embedded", "--data", "data", "--until-idle", prefix=prefix, **settings)

    @contextmanager
    def running(self, *options: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """Run the embedded mode beside the test until the block ends; it is then killed if it still runs."""
        process = subprocess.Popen(
            command_line("run", "--embedded", "--data", "data", *options),
            cwd=self.root,
            env=environment(settings),
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def drop(self, name: str, content: str) -> Path:
        """Put a complete file into the inbox."""
        part = self.inbox / f"{name}.part"
        part.write_text(content, encoding="utf-8")
        return part.rename(self.inbox / name)

    def status(self) -> dict[str, Any]:
        """Return the output of `inflow status --json`; empty as long as there is no ledger."""
        finished = self("status", "--json", "--data", "data")
        return dict(json.loads(finished.stdout)) if finished.returncode == 0 else {"inbox": [], "loads": []}

    def loads(self) -> dict[str, dict[str, Any]]:
        """Return the loads of the status by file; for several of the same name, the last."""
        return {load["file"]: load for load in self.status()["loads"]}

    def summary(self) -> bytes:
        return (self.data / "summary_output.json").read_bytes()


def command_line(*arguments: str) -> list[str]:
    """Return the command line that starts `inflow` here, whether installed or not."""
    return [sys.executable, "-m", "inflow.cli", *arguments]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command with these settings."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "INFLOW_LOG_FORMAT": "text", **QUICK, **settings}
