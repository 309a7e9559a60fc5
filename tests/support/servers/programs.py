"""Servers from programs on this machine, which on Debian may be installed for the tests."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.servers.found import BrokerServer, DatabaseServer, Unavailable
from tests.support.servers.mysqld import find_mysqld, start_mysqld
from tests.support.servers.postgres import find_postgres, start_postgres
from tests.support.servers.rabbitmq import find_rabbitmq, start_rabbitmq

#: Returns the path of a program.
Find = Callable[[], str | None]

#: Debian runs this program before it starts the service of a package; exit code 101 forbids it.
POLICY = Path("/usr/sbin/policy-rc.d")
LOCK = Path("/run/lock/inflow-tests-apt")
APT_GET = ("apt-get", "-qq", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300")


class InstalledPrograms:
    """Starts the installed server programs, beside any servers already running."""

    name = "programs"

    def __init__(self, closing: ExitStack) -> None:
        self._closing = closing

    def broker(self) -> BrokerServer:
        """Start the RabbitMQ of this machine."""
        _require(find_rabbitmq, "rabbitmq-server")
        return start_rabbitmq(self._closing)

    def database(self) -> DatabaseServer:
        """Start the MariaDB or MySQL of this machine."""
        _require(find_mysqld, "mariadbd or mysqld")
        return start_mysqld(self._closing)

    def postgresql(self) -> DatabaseServer:
        """Start the PostgreSQL of this machine."""
        _require(find_postgres, "postgres")
        return start_postgres(self._closing)


class DebianPackages:
    """Installs missing programs from Debian's packages, then starts them like installed ones."""

    name = "apt"

    def __init__(self, closing: ExitStack, announce: Callable[[str], None]) -> None:
        self._programs = InstalledPrograms(closing)
        self._announce = announce

    def broker(self) -> BrokerServer:
        """Start RabbitMQ, installing it first if it is missing."""
        self._provide(find_rabbitmq, "rabbitmq-server")
        return self._programs.broker()

    def database(self) -> DatabaseServer:
        """Start MariaDB, installing it first if it is missing."""
        self._provide(find_mysqld, "mariadb-server")
        return self._programs.database()

    def postgresql(self) -> DatabaseServer:
        """Start PostgreSQL, installing it first where it is missing."""
        self._provide(find_postgres, "postgresql")
        return self._programs.postgresql()

    def _provide(self, find: Find, package: str) -> None:
        with _one_at_a_time():
            if find() is None:
                self._install(package)

    def _install(self, package: str) -> None:
        if not _can_install():
            raise Unavailable(f"only root on Debian can install {package} for the tests")
        self._announce(f"installing the Debian package {package} with apt-get, without starting its service")
        with _no_service_starts():
            _apt_get("update")  # one unreachable source among several is not a reason to stop
            installed = _apt_get("install", package)
        if installed.returncode != 0:
            raise Unavailable(f"apt-get install {package}: {' '.join(installed.stderr.split())[-600:]}")


def _require(find: Find, program: str) -> None:
    """Raise Unavailable if a program is missing, after waiting for an installation by another process."""
    with _one_at_a_time():
        if find() is None:
            raise Unavailable(f"{program} is not installed")


def _can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _apt_get(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(
        [*APT_GET, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Let only one of several parallel processes install, so that none finds a half-installed program."""
    if not _can_install():
        yield
        return
    with LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Keep Debian from starting services; an existing policy of the machine is not changed."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
