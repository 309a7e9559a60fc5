"""Servers of programs on this machine, and on Debian of programs installed for it."""

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

#: Says where a program is.
Find = Callable[[], str | None]

#: Debian asks this program before it starts the service of a package; 101 is no.
POLICY = Path("/usr/sbin/policy-rc.d")
LOCK = Path("/run/lock/inflow-tests-apt")
APT_GET = ("apt-get", "-qq", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300")


class InstalledPrograms:
    """Starts the server programs that are installed, beside any server that runs already."""

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
    """Installs what is missing from Debian's own packages, then starts it like any installed program."""

    name = "apt"

    def __init__(self, closing: ExitStack, announce: Callable[[str], None]) -> None:
        self._programs = InstalledPrograms(closing)
        self._announce = announce

    def broker(self) -> BrokerServer:
        """Start RabbitMQ, installing it first where it is missing."""
        self._provide(find_rabbitmq, "rabbitmq-server")
        return self._programs.broker()

    def database(self) -> DatabaseServer:
        """Start MariaDB, installing it first where it is missing."""
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
            _apt_get("update")  # one dead source among several is no reason to stop
            installed = _apt_get("install", package)
        if installed.returncode != 0:
            raise Unavailable(f"apt-get install {package}: {' '.join(installed.stderr.split())[-600:]}")


def _require(find: Find, program: str) -> None:
    """Refuse where it is missing; what another process is just installing is waited for."""
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
    """Of processes that test side by side one installs what all miss; nobody finds what is unpacked, and no more."""
    if not _can_install():
        yield
        return
    with LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _no_service_starts() -> Iterator[None]:
    """Keep Debian from starting services; a policy that the machine has is left as it is."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink()
