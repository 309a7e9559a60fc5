"""A MariaDB or MySQL from the programs on this machine, private to the test session."""

import shutil
import subprocess
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import URL

from tests.support.servers.found import DatabaseServer, Unavailable
from tests.support.servers.probes import database_problem, wait_until_ready
from tests.support.servers.processes import SEARCH_PATH, Account, Launcher, ServerProcess, find_program, free_ports

#: Returns additional options of the server, given its folder.
Options = Callable[[Path], Sequence[str]]

#: Debian's default for MariaDB, as a trap: the product must name utf8mb4 itself, everywhere.
SERVER_OPTIONS = ("--character-set-server=latin1", "--collation-server=latin1_swedish_ci")
ENVIRONMENT = {"PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8"}


def find_mysqld() -> str | None:
    """Return the server program of MariaDB, or else of MySQL."""
    return find_program("mariadbd", "mysqld")


def start_mysqld(closing: ExitStack) -> DatabaseServer:
    """Start a fresh server on a free port; `closing` ends it and removes its data."""
    mysqld = private_mysqld(closing)
    mysqld.start()
    return mysqld.server


def no_more(_folder: Path) -> Sequence[str]:
    """Return no additional options."""
    return ()


def private_mysqld(closing: ExitStack, options: Options = no_more) -> "PrivateMysqld":
    """Prepare a server that does not run yet; `closing` ends it and removes its data."""
    program = find_mysqld()
    if program is None:
        raise Unavailable("neither mariadbd nor mysqld is installed")
    account = Account.of_server("mysql")
    folder = closing.enter_context(account.private_folder())
    # A separate one, because at its start MariaDB deletes all temporary tables there, including other servers'.
    temporary = folder / "tmp"
    launcher = Launcher(account=account, folder=folder, environment={**ENVIRONMENT, "TMPDIR": str(temporary)})
    launcher.run(["mkdir", str(temporary)])
    mysqld = PrivateMysqld(program, launcher, port=free_ports(1), more=options(folder))
    closing.callback(mysqld.close)
    return mysqld


class PrivateMysqld:
    """A server with its own data that can be ended in any way and restarted."""

    def __init__(self, program: str, launcher: Launcher, *, port: int, more: Sequence[str]) -> None:
        self.server = DatabaseServer(url=URL.create("mysql+pymysql", "root", host="127.0.0.1", port=port))
        self._program = program
        self._launcher = launcher
        self._port = port
        self._more = more
        self._data = launcher.folder / "data"
        self._process: ServerProcess | None = None

    def start(self) -> None:
        """Start it on its existing data, and return once it answers."""
        if not self._data.exists():
            self._make_data_folder()
        process = self._process = self._launcher.launch([self._program, *self._options()])
        wait_until_ready(lambda: database_problem(self.server), ended=process.has_ended, log=process.log_tail)

    def stop(self) -> None:
        """Stop it as an operator would; its data stays."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """Kill it with SIGKILL; it keeps the data that was on disk by then."""
        if self._process is not None:
            self._process.kill()

    def wipe(self) -> None:
        """Delete its data, so that the next start is a first start."""
        shutil.rmtree(self._data)

    def is_ready(self) -> bool:
        """Whether it answers."""
        return database_problem(self.server) is None

    def close(self) -> None:
        """End it for good."""
        self.kill()
        self._launcher.close()

    def _make_data_folder(self) -> None:
        """Create the system tables; root has no password, as only this machine can reach the server."""
        if self._is_mariadb():
            install = find_program("mariadb-install-db", "mysql_install_db")
            if install is None:
                raise Unavailable(f"{self._program} is installed, but not mariadb-install-db")
            command = [install, "--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]
        else:
            command = [self._program, "--no-defaults", "--initialize-insecure"]
        made = self._launcher.run([*command, f"--datadir={self._data}", *self._user_option()])
        if made.returncode != 0:
            raise Unavailable(f"{command[0]} failed: {' '.join((made.stdout + made.stderr).split())[-600:]}")

    def _options(self) -> list[str]:
        only_mysql = [] if self._is_mariadb() else ["--mysqlx=OFF", "--secure-file-priv=NULL"]
        return [
            "--no-defaults",
            f"--datadir={self._data}",
            f"--port={self._port}",
            "--bind-address=127.0.0.1",
            f"--socket={self._launcher.folder / 'mysql.sock'}",
            f"--pid-file={self._launcher.folder / 'mysqld.pid'}",
            *self._user_option(),
            *SERVER_OPTIONS,
            *only_mysql,
            *self._more,
        ]

    def _user_option(self) -> list[str]:
        """Return the option that allows root to run the server if it has no account, as in a container."""
        return ["--user=root"] if self._launcher.account.is_root() else []

    def _is_mariadb(self) -> bool:
        version = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=True)
        return "MariaDB" in version.stdout
