"""A PostgreSQL of this machine's own programs, private to the test session."""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import URL

from tests.support.servers.found import DatabaseServer, Unavailable
from tests.support.servers.mysqld import Options, no_more
from tests.support.servers.probes import database_problem, wait_until_ready
from tests.support.servers.processes import Account, Launcher, ServerProcess, find_program, free_ports

#: Debian keeps the programs of each version apart, and none of them on the path.
DEBIAN_PROGRAMS = Path("/usr/lib/postgresql")
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
#: The test servers of one machine share its memory and its disk; no test cuts the power.
OPTIONS = ("fsync=off", "max_connections=200", "listen_addresses=127.0.0.1")


def find_postgres() -> str | None:
    """Return the server program of the newest version."""
    installed = sorted(DEBIAN_PROGRAMS.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return str(installed[-1]) if installed else find_program("postgres")


def start_postgres(closing: ExitStack) -> DatabaseServer:
    """Start a fresh server on a free port; `closing` ends it and removes its data."""
    postgres = private_postgres(closing)
    postgres.start()
    return postgres.server


def private_postgres(closing: ExitStack, options: Options = no_more) -> "PrivatePostgres":
    """Prepare a server that does not run yet; `closing` ends it and removes its data."""
    program = find_postgres()
    if program is None:
        raise Unavailable("postgres is not installed")
    account = Account.of_server("postgres")
    if account.is_root():
        raise Unavailable("postgres does not run as root, and there is no account postgres")
    folder = closing.enter_context(account.private_folder())
    launcher = Launcher(account=account, folder=folder, environment={**ENVIRONMENT, "HOME": str(folder)})
    postgres = PrivatePostgres(program, launcher, port=free_ports(1), more=options(folder))
    closing.callback(postgres.close)
    return postgres


class PrivatePostgres:
    """A server with data of its own, that can be ended in any way and started again."""

    def __init__(self, program: str, launcher: Launcher, *, port: int, more: Sequence[str]) -> None:
        self.server = DatabaseServer(url=URL.create("postgresql+psycopg", "postgres", host="127.0.0.1", port=port))
        self._program = program
        self._launcher = launcher
        self._port = port
        self._more = more
        self._data = launcher.folder / "data"
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Start it on the data that it has, and return once it answers."""
        if not self._data.exists():
            self._make_data_folder()
        options = [*OPTIONS, *self._more, f"port={self._port}", f"unix_socket_directories={self._launcher.folder}"]
        command = [self._program, "-D", str(self._data), *(word for option in options for word in ("-c", option))]
        process = self._process = self._launcher.launch(command)
        wait_until_ready(lambda: database_problem(self.server), ended=process.has_ended, log=process.log_tail)

    def stop(self) -> None:
        """End it as an operator would; its data stays."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """End it with SIGKILL; its data is what it had saved by then."""
        if self._process is not None:
            self._process.kill()

    def wipe(self) -> None:
        """Delete its data: the next start is a first one."""
        shutil.rmtree(self._data)

    def is_ready(self) -> bool:
        """Whether it answers."""
        return database_problem(self.server) is None

    def close(self) -> None:
        """End it for good."""
        self.kill()
        self._launcher.close()

    def _make_data_folder(self) -> None:
        """Make the system tables; postgres has no password, and only this machine can reach it."""
        initdb = str(Path(self._program).with_name("initdb"))
        options = ["--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync"]
        made = self._launcher.run([initdb, "-D", str(self._data), *options])
        if made.returncode != 0:
            raise Unavailable(f"{initdb} failed: {' '.join((made.stdout + made.stderr).split())[-600:]}")
