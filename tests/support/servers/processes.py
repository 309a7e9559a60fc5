"""Server programs as processes of the test session, each in a private folder."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

#: Where Debian keeps servers; not on the path of an ordinary user.
SERVER_FOLDERS = ("/usr/sbin", "/usr/local/sbin")
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), *SERVER_FOLDERS])
LOG_TAIL_CHARACTERS = 600


def find_program(*names: str) -> str | None:
    """Return the path of the first of these programs that is installed."""
    return next((path for name in names if (path := shutil.which(name, path=SEARCH_PATH))), None)


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback interface that nobody listens on."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


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
        """End it at once: its data goes with it, there is nothing to save."""
        self.process.kill()
        self.process.wait()


@contextmanager
def running(
    command: Sequence[str], *, account: Account, folder: Path, environment: Mapping[str, str]
) -> Iterator[ServerProcess]:
    """Run a server program until the block ends."""
    log = folder / f"{Path(command[0]).name}.output"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_end_with_parent(), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=environment,
            user=account.name,
            group=account.group_id,
            extra_groups=account.extra_groups,
            # Ctrl-C is for pytest: its fixtures still need the servers while they tidy up.
            start_new_session=True,
        )
    server = ServerProcess(process=process, log=log)
    try:
        yield server
    finally:
        server.stop()


def _end_with_parent() -> list[str]:
    """Have the kernel end the server, too, when pytest is killed and can't do it."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []
