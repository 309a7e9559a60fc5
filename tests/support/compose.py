"""The pipeline under `docker compose`, as a separate project beside others on the machine."""

import json
import os
import secrets
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.eventually import StillNot, eventually
from tests.support.missing import missing

REPOSITORY = Path(__file__).parents[2]
COMPOSE_FILE = REPOSITORY / "docker-compose.yml"
#: Added to the first one, it runs the pipeline on PostgreSQL.
POSTGRESQL_FILE = REPOSITORY / "docker-compose.postgresql.yml"

#: Inflow's services in the compose file.
SERVICES = {"watcher", "writer", "aggregator"}

#: The owner of the data folder when the tests run as root: an ordinary user unknown to the images.
ORDINARY_USER, ORDINARY_GROUP = 1234, 2345

#: Maximum wait for any fact.
MAX_WAIT_SECONDS = 120

#: Variables that the compose file reads; the developer's settings must not affect the tests.
_SETTINGS = ("INFLOW_", "MYSQL_", "RABBITMQ_", "COMPOSE_")


def require_docker() -> None:
    """Skip or fail the test if no Docker engine with compose answers."""
    commands = (["docker", "version"], ["docker", "compose", "version"])
    if shutil.which("docker") is None or any(
        subprocess.run(command, capture_output=True, check=False).returncode for command in commands
    ):
        missing("no Docker engine with compose answers")


def docker(*arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run a docker command that must succeed, and return its output."""
    command = ["docker", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass(slots=True, kw_only=True)
class Project:
    """One compose project with its own image, accounts, ports, volumes and data folder."""

    name: str
    data: Path
    passwords: dict[str, str]
    #: The expected summary: people born in each country, from all files dropped so far.
    births: Counter[str] = field(default_factory=Counter)

    @property
    def image(self) -> str:
        """Name of the project's image."""
        return f"{self.name}:test"

    def compose(self, *arguments: str) -> str:
        """Run a compose command that must succeed, and return its output."""
        project = ("--project-name", self.name, "--file", str(COMPOSE_FILE), "--env-file", os.devnull)
        return docker("compose", *project, *arguments, environment=self._environment())

    def shell(self, command: str) -> str:
        """Run a command line from the documentation unchanged, which must succeed; return its output."""
        project = {
            "COMPOSE_PROJECT_NAME": self.name,
            "COMPOSE_FILE": str(COMPOSE_FILE),
            "COMPOSE_ENV_FILES": os.devnull,
        }
        done = subprocess.run(
            command,
            shell=True,
            cwd=self.data.parent,
            env=self._environment() | project,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _environment(self) -> dict[str, str]:
        own = {"INFLOW_IMAGE": self.image, "INFLOW_DATA": str(self.data), **self.passwords}
        # Port 0: the engine chooses a free port.
        ports = dict.fromkeys(("RABBITMQ_PORT", "RABBITMQ_MANAGEMENT_PORT", "MYSQL_PORT"), "0")
        others = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        return others | own | ports

    def up(self, *, writers: int = 1) -> None:
        """Start all services, with this number of writers, and wait until they are healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "180", "--scale", f"writer={writers}")

    def containers(self) -> list[tuple[str, dict[str, Any]]]:
        """Inspect all containers, running or not; return the service and Docker's description of each."""
        inspected = json.loads(docker("inspect", *self.compose("ps", "--all", "--quiet").split()))
        return [(each["Config"]["Labels"]["com.docker.compose.service"], each) for each in inspected]

    def drop(self, name: str, text: str) -> None:
        """Put a file into the inbox as its owner would: under a hidden name first, then by a rename."""
        hidden = self.data / "inbox" / f".{name}"
        hidden.write_text(text, encoding="utf-8")
        owner = self.data.stat()
        os.chown(hidden, owner.st_uid, owner.st_gid)
        hidden.rename(hidden.with_name(name))

    def wait_for_file(self, folder: str, name: str) -> None:
        """Wait until a subfolder of the data folder has a file whose name contains the text."""
        places = self.data / folder
        self._wait_until(lambda: any(name in path.name for path in places.iterdir()), f"no {name} in {folder}")

    def wait_for_the_right_summary(self) -> None:
        """Wait until the summary is byte for byte the expected one for all files dropped so far."""
        right = dict(sorted(self.births.items(), key=lambda entry: (-entry[1], entry[0])))
        document = json.dumps(right, ensure_ascii=False, separators=(",", ":")).encode()
        path = self.data / "summary_output.json"
        self._wait_until(lambda: path.exists() and path.read_bytes() == document, f"the summary is not {right}")

    def _wait_until(self, fact: Callable[[], bool], message: str) -> None:
        try:
            eventually(fact, timeout_seconds=MAX_WAIT_SECONDS, message=message)
        except StillNot as error:
            error.add_note(self.compose("logs", "--tail=20", *SERVICES))
            raise


@contextmanager
def running_project(folder: Path) -> Iterator[Project]:
    """Build the image once, start the project, and remove all of it at the end."""
    # Characters that are special in URLs, shells or compose files.
    password = f"{secrets.token_hex(8)}@:/%# $&'"
    project = Project(
        name=f"inflow-{secrets.token_hex(4)}",
        data=_data_folder(folder),
        passwords={f"{owner}_PASSWORD": owner + password for owner in ("RABBITMQ", "MYSQL", "MYSQL_ROOT")},
    )
    try:
        project.compose("build")
        project.up()
        yield project
    except AssertionError as error:
        error.add_note(project.compose("logs", "--tail=20"))
        raise
    finally:
        project.compose("down", "--volumes", "--timeout=10")
        docker("image", "rm", "--force", project.image)


def _data_folder(folder: Path) -> Path:
    data = folder / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(data, ORDINARY_USER, ORDINARY_GROUP)
    return data
