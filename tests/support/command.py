"""The command `inflow` in processes of its own, as a user runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]

#: Quick enough to wait for.
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
        """Load what is in the inbox and end."""
        return self("run", "--embedded", "--data", "data", "--until-idle", prefix=prefix, **settings)

    @contextmanager
    def running(self, *options: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
        """Keep an embedded run going beside the test; it is killed at the end if it still runs."""
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
        """Put a file into the inbox, whole at once."""
        part = self.inbox / f"{name}.part"
        part.write_text(content, encoding="utf-8")
        return part.rename(self.inbox / name)

    def status(self) -> dict[str, Any]:
        """Return what `inflow status --json` says; nothing as long as there is no ledger."""
        finished = self("status", "--json", "--data", "data")
        return dict(json.loads(finished.stdout)) if finished.returncode == 0 else {"inbox": [], "loads": []}

    def loads(self) -> dict[str, dict[str, Any]]:
        """Return the loads of the status by file; of several of one name the last."""
        return {load["file"]: load for load in self.status()["loads"]}

    def summary(self) -> bytes:
        return (self.data / "summary_output.json").read_bytes()


def command_line(*arguments: str) -> list[str]:
    """Return how the command is started here, installed or not."""
    return [sys.executable, "-m", "inflow.cli", *arguments]


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command with these settings."""
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "INFLOW_LOG_FORMAT": "text", **QUICK, **settings}
