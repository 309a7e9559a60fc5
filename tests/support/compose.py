"""The pipeline under `docker compose`, as a project of its own beside whatever else runs on the machine."""

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

#: The services of ours among those of the compose file.
SERVICES = {"watcher", "writer", "aggregator"}

#: Who owns the data folder when the tests run as root: an ordinary user that no image knows.
ORDINARY_USER, ORDINARY_GROUP = 1234, 2345

#: After this, what a test waits for is not going to come.
MAX_WAIT_SECONDS = 120

#: Variables that the compose file reads; the developer's own must not reach the tests.
_SETTINGS = ("INFLOW_", "MYSQL_", "RABBITMQ_", "COMPOSE_")


def require_docker() -> None:
    """End the test where no Docker engine with compose answers."""
    commands = (["docker", "version"], ["docker", "compose", "version"])
    if shutil.which("docker") is None or any(
        subprocess.run(command, capture_output=True, check=False).returncode for command in commands
    ):
        missing("no Docker engine with compose answers")


def docker(*arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run a docker command that must succeed, and return what it printed."""
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
    #: The right answer so far: how many people of all dropped files were born in each country.
    births: Counter[str] = field(default_factory=Counter)

    @property
    def image(self) -> str:
        """Name of the project's image."""
        return f"{self.name}:test"

    def compose(self, *arguments: str) -> str:
        """Run a compose command that must succeed, and return what it printed."""
        project = ("--project-name", self.name, "--file", str(COMPOSE_FILE), "--env-file", os.devnull)
        return docker("compose", *project, *arguments, environment=self._environment())

    def shell(self, command: str) -> str:
        """Run a command line of the documentation that must succeed, as it is written; return what it printed."""
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
        # Port 0: the engine takes a free one.
        ports = dict.fromkeys(("RABBITMQ_PORT", "RABBITMQ_MANAGEMENT_PORT", "MYSQL_PORT"), "0")
        others = {name: value for name, value in os.environ.items() if not name.startswith(_SETTINGS)}
        return others | own | ports

    def up(self, *, writers: int = 1) -> None:
        """Start what does not run, with that many writers, and wait until all is healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", "180", "--scale", f"writer={writers}")

    def containers(self) -> list[tuple[str, dict[str, Any]]]:
        """Inspect all containers, running or not: the service of each, and what Docker says of it."""
        inspected = json.loads(docker("inspect", *self.compose("ps", "--all", "--quiet").split()))
        return [(each["Config"]["Labels"]["com.docker.compose.service"], each) for each in inspected]

    def drop(self, name: str, text: str) -> None:
        """Put a file into the inbox as its owner would: under another name first, then by a rename."""
        hidden = self.data / "inbox" / f".{name}"
        hidden.write_text(text, encoding="utf-8")
        owner = self.data.stat()
        os.chown(hidden, owner.st_uid, owner.st_gid)
        hidden.rename(hidden.with_name(name))

    def wait_for_file(self, folder: str, name: str) -> None:
        """Wait until a folder of the data folder has a file with that in its name."""
        places = self.data / folder
        self._wait_until(lambda: any(name in path.name for path in places.iterdir()), f"no {name} in {folder}")

    def wait_for_the_right_summary(self) -> None:
        """Wait until the summary is, to the byte, the right one for all files dropped so far."""
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
    # Characters that a URL, a shell or a compose file could trip over.
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
