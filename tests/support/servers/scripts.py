"""Servers started by a folder of scripts: `SCRIPT start DIR PORT`, `SCRIPT stop DIR`, `SCRIPT ctl DIR ARGUMENTS…`.

SCRIPT is mysql.sh or rabbitmq.sh. DIR contains the server's data and its pid file.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

from tests.support.eventually import eventually
from tests.support.servers.found import BrokerServer, DatabaseServer, Unavailable
from tests.support.servers.mysqld import SERVER_OPTIONS, Options, no_more
from tests.support.servers.probes import broker_problem, database_problem, wait_until_ready
from tests.support.servers.processes import LOG_TAIL_CHARACTERS, free_ports

#: Ports of RabbitMQ, of its management API, and three that are not used here.
BROKER_PORTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A server's script, and its folder."""

    path: Path
    folder: Path
    port: int
    #: The prefix of each command line, such as a program that enters a namespace.
    prefix: Sequence[str] = ()
    #: Variables for the script, in addition to this process's environment.
    environment: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, verb: str, *arguments: str) -> str:
        """Run it to its end, and return its output."""
        # Not a pipe, which the server would inherit and keep open for as long as it runs.
        log = self.folder / f"{self.path.stem}-{verb}.output"
        with log.open("wb") as output:
            command = [*self.prefix, str(self.path), verb, str(self.folder), *arguments]
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment},
                check=False,
            )
        said = log.read_text(errors="replace")
        if done.returncode != 0:
            raise Unavailable(f"{' '.join(command)}: {' '.join(said.split())[-LOG_TAIL_CHARACTERS:]}")
        return said


class ScriptedServer:
    """A server with its own data that can be ended in any way and restarted."""

    _PID_FILE = ""
    _DATA = ""

    def __init__(self, script: Script, problem: Callable[[], str | None], *options: str) -> None:
        self._script = script
        self._problem = problem
        self._options = options

    def start(self) -> None:
        """Start it on its existing data, and return once it answers."""
        self._script("start", str(self._script.port), *self._options)
        wait_until_ready(self._problem, ended=lambda: not self.is_running(), log=lambda: f"see {self._script.folder}")

    def stop(self) -> None:
        """Stop it as an operator would; its data stays."""
        self._script("stop")

    def kill(self) -> None:
        """Kill it with SIGKILL; it keeps the data that was on disk by then."""
        pid = self._pid()
        self._signal(signal.SIGKILL)
        # Until it is reaped, because MySQL regards the pid in a lock file as a running server.
        eventually(lambda: not Path(f"/proc/{pid}").exists(), message=f"the process {pid} is gone")
        # Other processes that the script started would prevent the next start.
        self.stop()

    def pause(self) -> None:
        """Pause it with SIGSTOP: connections stay open, but are not answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue it after a pause; does nothing if it is not paused."""
        self._signal(signal.SIGCONT)

    def wipe(self) -> None:
        """Delete its data, so that the next start is a first start."""
        shutil.rmtree(self._script.folder / self._DATA)

    def is_ready(self) -> bool:
        """Whether it answers."""
        return self._problem() is None

    def is_running(self) -> bool:
        """Whether its process exists, even if paused."""
        return self._pid() is not None

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal; does nothing if it has ended."""
        pid = self._pid()
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _pid(self) -> int | None:
        """Return its pid, which another process may have by now if it has ended."""
        folder = self._script.folder
        try:
            pid = int((folder / self._PID_FILE).read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return pid if os.fsencode(folder) in command else None


class ScriptedMysql(ScriptedServer):
    """A MySQL that mysql.sh starts."""

    _PID_FILE = "mysqld.pid"
    _DATA = "data"

    def __init__(self, script: Script, *options: str) -> None:
        url = URL.create("mysql+pymysql", "root", host="127.0.0.1", port=script.port)
        self.server = DatabaseServer(url=url)
        super().__init__(script, partial(database_problem, self.server), *SERVER_OPTIONS, *options)


class ScriptedRabbitmq(ScriptedServer):
    """A RabbitMQ that rabbitmq.sh starts."""

    _PID_FILE = "rabbitmq.pid"
    _DATA = "mnesia"

    def __init__(self, script: Script) -> None:
        self.server = BrokerServer(
            host="127.0.0.1",
            port=script.port,
            user="guest",
            password="guest",
            management_url=f"http://127.0.0.1:{script.port + 1}",
        )
        super().__init__(script, partial(broker_problem, self.server))

    def ctl(self, *arguments: str) -> str:
        """Run rabbitmqctl against it, and return its output."""
        return self._script("ctl", *arguments)


def scripted_mysql(scripts: Path, closing: ExitStack, options: Options = no_more) -> ScriptedMysql:
    """Prepare a server that does not run yet; `closing` ends it and removes its data."""
    script = _prepare(scripts / "mysql.sh", closing, ports=1)
    mysql = ScriptedMysql(script, *options(script.folder))
    closing.callback(mysql.stop)
    return mysql


def scripted_rabbitmq(scripts: Path, closing: ExitStack) -> ScriptedRabbitmq:
    """Prepare a server that does not run yet; `closing` ends it and removes its data."""
    rabbitmq = ScriptedRabbitmq(_prepare(scripts / "rabbitmq.sh", closing, ports=BROKER_PORTS))
    closing.callback(rabbitmq.stop)
    return rabbitmq


def _prepare(path: Path, closing: ExitStack, *, ports: int) -> Script:
    if not os.access(path, os.X_OK):
        raise Unavailable(f"{path} can't be run")
    folder = Path(closing.enter_context(TemporaryDirectory(prefix="inflow-test-", ignore_cleanup_errors=True)))
    # The servers run under accounts of their own.
    folder.chmod(0o755)
    return Script(path=path, folder=folder, port=free_ports(ports))
