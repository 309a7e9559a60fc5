"""Docker containers for the tests; nothing is ever downloaded."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from tests.support.servers.found import Unavailable

ANSWER_SECONDS = 60
LOG_TAIL_CHARACTERS = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """One running container."""

    id: str

    @classmethod
    @contextmanager
    def running(
        cls,
        image: str,
        *,
        ports: Sequence[int],
        settings: Mapping[str, str],
        options: Sequence[str] = (),
        in_memory: Sequence[str] = (),
    ) -> Iterator[Self]:
        """Run an image until the block ends; its ports are published on the loopback interface."""
        _check_image(image)
        arguments = ["run", "--detach", "--label=inflow-test"]
        arguments += [f"--publish=127.0.0.1::{port}" for port in ports]
        arguments += [f"--env={name}={value}" for name, value in settings.items()]
        arguments += [f"--tmpfs={folder}" for folder in in_memory]
        container = cls(id=_docker(*arguments, image, *options))
        try:
            yield container
        finally:
            _docker("rm", "--force", "--volumes", container.id)

    def published(self, port: int) -> int:
        """Return the port of this machine that is mapped to a port of the container."""
        return int(_docker("port", self.id, f"{port}/tcp").splitlines()[0].rpartition(":")[2])

    def has_ended(self) -> bool:
        """Whether its program has ended."""
        return _docker("inspect", "--format={{.State.Running}}", self.id) != "true"

    def log_tail(self) -> str:
        """Return the end of its log, on one line."""
        logs = _run("logs", "--tail=20", self.id)
        return " ".join((logs.stdout + logs.stderr).split())[-LOG_TAIL_CHARACTERS:]


def _check_image(image: str) -> None:
    if shutil.which("docker") is None:
        raise Unavailable("there is no docker command")
    if _run("version").returncode != 0:
        raise Unavailable("no engine answers")
    if _run("image", "inspect", image).returncode != 0:
        raise Unavailable(f"the engine does not have {image}; docker pull {image} gets it")


def _docker(*arguments: str) -> str:
    """Return the output of a docker command; raises Unavailable if it fails."""
    done = _run(*arguments)
    if done.returncode != 0:
        raise Unavailable(f"docker {arguments[0]}: {' '.join(done.stderr.split())}")
    return done.stdout.strip()


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=ANSWER_SECONDS)
