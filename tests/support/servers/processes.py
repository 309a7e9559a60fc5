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

#: Debian's folders for server programs, which are not on an ordinary user's path.
SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), *SERVER_FOLDERS])
LOG_TAIL_CHARACTERS = 600
#: First ports of ranges of ten, all below the range that Linux assigns to clients.
ROWS_OF_PORTS = range(20000, 32000, 10)
#: Time limit for a stop, in which a server may have much to write.
STOP_SECONDS = 120


def find_program(*names: str) -> str | None:
    """Return the path of the first of these programs that is installed."""
    return next((path for name in names if (path := shutil.which(name, path=SEARCH_PATH))), None)


def free_ports(count: int) -> int:
    """Return the first of `count` consecutive free ports on the loopback interface.

    They are outside the range that the kernel assigns to clients, which could get a port while its server is being
    restarted. The range is reserved for this process as long as it lives, even before a server listens.
    """
    # Not the seeded generator, with which parallel processes would all try the same ports first.
    for first in random.SystemRandom().sample(ROWS_OF_PORTS, len(ROWS_OF_PORTS)):
        with ExitStack() as held, suppress(OSError):
            # An abstract socket name of Linux, which the kernel gives to one process at a time.
            claim = held.enter_context(socket.socket(socket.AF_UNIX))
            claim.bind(f"\0inflow-test-ports-{first}")
            for port in range(first, first + count):
                held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            # Closed only by the kernel, when the process ends.
            claim.detach()
            return first
    raise Unavailable(f"no {count} free ports in a row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account that runs a server: for root, the account that its package created, otherwise the current user."""

    name: str | None
    group_id: int | None

    @classmethod
    def of_server(cls, name: str) -> "Account":
        """Return the account of that name if we are root and it exists."""
        if os.geteuid() != 0:
            return cls(name=None, group_id=None)
        try:
            return cls(name=name, group_id=pwd.getpwnam(name).pw_gid)
        except KeyError:
            return cls(name=None, group_id=None)

    @property
    def extra_groups(self) -> list[int] | None:
        """The supplementary groups: none, so that root's groups are dropped."""
        return None if self.name is None else []

    def is_root(self) -> bool:
        """Whether the server must run as root, because it has no account of its own."""
        return self.name is None and os.geteuid() == 0

    @contextmanager
    def private_folder(self) -> Iterator[Path]:
        """Create a folder that only this account can read, removed at the end."""
        with TemporaryDirectory(prefix="inflow-test-", ignore_cleanup_errors=True) as name:
            if self.name is not None:
                shutil.chown(name, self.name, self.group_id)
            yield Path(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProcess:
    """One running server program, with its log."""

    process: subprocess.Popen[bytes]
    log: Path

    def has_ended(self) -> bool:
        """Whether the program has ended."""
        return self.process.poll() is not None

    def log_tail(self) -> str:
        """Return the end of its log, on one line."""
        return " ".join(self.log.read_text(errors="replace").split())[-LOG_TAIL_CHARACTERS:]

    def stop(self) -> None:
        """Stop it as an operator would, and wait for its end."""
        self.process.terminate()
        self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """Kill it, so that only data already saved remains."""
        self.process.kill()
        self.process.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class Launcher:
    """Starts server programs under one account, with one folder and environment.

    One dedicated thread starts them all: a program that should end with its parent actually ends with the thread that
    started it, and the thread that restarts a server may end a moment later.
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
        """Start no more programs. The running ones end with the thread."""
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
                # Ctrl-C is for pytest, whose fixtures still need the servers for their cleanup.
                start_new_session=True,
            )
        return ServerProcess(process=process, log=log)


def _end_with_parent() -> list[str]:
    """Make the kernel end the server if pytest is killed and can't do it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
