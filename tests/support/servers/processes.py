"""Server programs as processes of the test session, each in a private folder."""

import os
import pwd
import random
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.servers.found import Unavailable

#: Where Debian keeps servers; not on the path of an ordinary user.
SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), *SERVER_FOLDERS])
LOG_TAIL_CHARACTERS = 600
#: First ports of rows of ten, all below those that Linux gives to clients.
ROWS_OF_PORTS = range(20000, 32000, 10)
#: A server that was asked to end may have much to write.
STOP_SECONDS = 120


def find_program(*names: str) -> str | None:
    """Return the path of the first of these programs that is installed."""
    return next((path for name in names if (path := shutil.which(name, path=SEARCH_PATH))), None)


def free_ports(count: int) -> int:
    """Return the first of that many ports in a row of the loopback interface on which nobody listens.

    None that the kernel gives to clients: while its server is being restarted, a client could get it. The row is
    this process's for as long as it lives: others that look meanwhile, before a server listens, take another one.
    """
    # Not the seeded one: processes that test side by side would all try the same ports first.
    for first in random.SystemRandom().sample(ROWS_OF_PORTS, len(ROWS_OF_PORTS)):
        with ExitStack() as held, suppress(OSError):
            # A name of Linux's abstract ones: the kernel gives it to one process at a time.
            claim = held.enter_context(socket.socket(socket.AF_UNIX))
            claim.bind(f"\0inflow-test-ports-{first}")
            for port in range(first, first + count):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            # Nobody closes it any more but the kernel, when the process ends.
            claim.detach()
            return first
    raise Unavailable(f"no {count} free ports in a row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who runs a server: for root the account that its package made, for everybody else they themselves."""

    name: str | None
    group_id: int | None

    @classmethod
    def of_server(cls, name: str) -> "Account":
        """Return the account of that name where root may become it and it exists."""
        if os.geteuid() != 0:
            return cls(name=None, group_id=None)
        try:
            return cls(name=name, group_id=pwd.getpwnam(name).pw_gid)
        except KeyError:
            return cls(name=None, group_id=None)

    @property
    def extra_groups(self) -> list[int] | None:
        """No group of root's goes along."""
        return None if self.name is None else []

    def is_root(self) -> bool:
        """Whether the server is to run as root, for want of an account of its own."""
        return self.name is None and os.geteuid() == 0

    @contextmanager
    def private_folder(self) -> Iterator[Path]:
        """Make a folder that only this account can read, removed in the end."""
        with TemporaryDirectory(prefix="inflow-test-", ignore_cleanup_errors=True) as name:
            if self.name is not None:
                shutil.chown(name, self.name, self.group_id)
            yield Path(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProcess:
    """One running server program and where it writes what it has to say."""

    process: subprocess.Popen[bytes]
    log: Path

    def has_ended(self) -> bool:
        """Whether the program is gone."""
        return self.process.poll() is not None

    def log_tail(self) -> str:
        """Return the last it said, on one line."""
        return " ".join(self.log.read_text(errors="replace").split())[-LOG_TAIL_CHARACTERS:]

    def stop(self) -> None:
        """Ask it to end, as an operator would, and wait until it did."""
        self.process.terminate()
        self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it at once, with nothing saved but what it has saved before."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """Starts server programs under one account, with one folder and environment.

    One thread of its own starts them all: a program that is to end with its parent ends, in truth, with the thread
    that started it, and whoever restarts a server may be a thread that is gone a moment later.
    """

    account: Account
    folder: Path
    environment: Mapping[str, str]
    _thread: ThreadPoolExecutor = field(init=False, default_factory=lambda: ThreadPoolExecutor(1))

    def launch(self, command: Sequence[str]) -> ServerProcess:
        """Start a program."""
        return self._thread.submit(self._launch, command).result()

    def run(self, command: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a program to its end."""
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=self.environment,
            user=self.account.name,
            group=self.account.group_id,
            extra_groups=self.account.extra_groups,
        )

    def close(self) -> None:
        """Start nothing any more. What runs ends with the thread."""
        self._thread.shutdown()

    def _launch(self, command: Sequence[str]) -> ServerProcess:
        log = self.folder / f"{Path(command[0]).name}.output"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*_end_with_parent(), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.environment,
                user=self.account.name,
                group=self.account.group_id,
                extra_groups=self.account.extra_groups,
                # Ctrl-C is for pytest: its fixtures still need the servers while they tidy up.
                start_new_session=True,
            )
        return ServerProcess(process=process, log=log)


def _end_with_parent() -> list[str]:
    """Have the kernel end the server, too, when pytest is killed and can't do it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
