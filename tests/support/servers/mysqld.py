"""A MariaDB or MySQL of this machine's own programs, private to the test session."""

import subprocess
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import URL

from tests.support.servers.found import DatabaseServer, Unavailable
from tests.support.servers.probes import database_problem, wait_until_ready
from tests.support.servers.processes import SEARCH_PATH, Account, find_program, free_ports, running

#: Debian's default for MariaDB, and a trap: the product has to name utf8mb4 itself, everywhere.
SERVER_OPTIONS = ("--character-set-server=latin1", "--collation-server=latin1_swedish_ci")
ENVIRONMENT = {"PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8"}


def find_mysqld() -> str | None:
    """Return the server program of MariaDB or else of MySQL."""
    return find_program("mariadbd", "mysqld")


def start_mysqld(closing: ExitStack) -> DatabaseServer:
    """Start a fresh server on a free port; `closing` ends it and removes its data."""
    program = find_mysqld()
    if program is None:
        raise Unavailable("neither mariadbd nor mysqld is installed")
    account = Account.of_server("mysql")
    with ExitStack() as started:
        folder = started.enter_context(account.private_folder())
        _make_data_folder(program, folder / "data", account)
        [port] = free_ports(1)
        command = [program, *_start_options(program, folder, port, account)]
        process = started.enter_context(running(command, account=account, folder=folder, environment=ENVIRONMENT))
        server = DatabaseServer(url=URL.create("mysql+pymysql", "root", host="127.0.0.1", port=port))
        wait_until_ready(lambda: database_problem(server), ended=process.has_ended, log=process.log_tail)
        closing.push(started.pop_all())
    return server


def _is_mariadb(program: str) -> bool:
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return "MariaDB" in version.stdout


def _make_data_folder(program: str, data: Path, account: Account) -> None:
    """Make the system tables; root has no password, and only this machine can reach it."""
    if _is_mariadb(program):
        install = find_program("mariadb-install-db", "mysql_install_db")
        if install is None:
            raise Unavailable(f"{program} is installed, but not mariadb-install-db")
        command = [install, "--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"]
    else:
        command = [program, "--no-defaults", "--initialize-insecure"]
    made = subprocess.run(
        [*command, f"--datadir={data}", *_user_option(account)],
        capture_output=True,
        text=True,
        check=False,
        cwd=data.parent,
        env=ENVIRONMENT,
        user=account.name,
        group=account.group_id,
        extra_groups=account.extra_groups,
    )
    if made.returncode != 0:
        raise Unavailable(f"{command[0]} failed: {' '.join((made.stdout + made.stderr).split())[-600:]}")


def _start_options(program: str, folder: Path, port: int, account: Account) -> list[str]:
    only_mysql = [] if _is_mariadb(program) else ["--mysqlx=OFF", "--secure-file-priv=NULL"]
    return [
        "--no-defaults",
        f"--datadir={folder / 'data'}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--socket={folder / 'mysql.sock'}",
        f"--pid-file={folder / 'mysqld.pid'}",
        *_user_option(account),
        *SERVER_OPTIONS,
        *only_mysql,
    ]


def _user_option(account: Account) -> list[str]:
    """Root without an account for it (in a container, say) has to insist."""
    return ["--user=root"] if account.is_root() else []
