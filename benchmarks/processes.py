"""Resource usage of processes, from /proc of this machine; only their peak counters are reset."""

import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from benchmarks.samples import Usage

_PROC = Path("/proc")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
#: Fields 14 and 15 of proc(5), counted from the field after the name in parentheses, which is the third.
_USER, _SYSTEM = 11, 12
#: The value that resets the peak to the current resident size (proc(5), clear_refs).
_RESET_PEAK = "5"
_LISTENING = "0A"
#: Servers are idle if they used less than this share of one processor for this long.
_CALM_SECONDS = 1.0
_CALM_SHARE = 0.1
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def cpu_seconds(pid: int) -> float:
    """Return the processor time in seconds used by all threads of a process."""
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / _TICKS_PER_SECOND


def peak_mib(pid: int) -> float:
    """Return the peak resident memory of a process since its start or since the counter was reset."""
    lines = (_PROC / str(pid) / "status").read_text().splitlines()
    [kib] = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(kib) / 1024


def reset_peak(pid: int) -> bool:
    """Reset the peak; False if the process belongs to another user, and we are not root."""
    try:
        (_PROC / str(pid) / "clear_refs").write_text(_RESET_PEAK)
    except OSError:
        return False
    return True


class Meter:
    """Measures named processes over one run."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._has_own_peak = {name: reset_peak(pid) for name, pid in pids.items()}
        self._before = {name: cpu_seconds(pid) for name, pid in pids.items()}

    def usages(self) -> tuple[Usage, ...]:
        """Return what they have used since the meter was created."""
        return tuple(
            Usage(
                process=name,
                cpu_seconds=cpu_seconds(pid) - self._before[name],
                peak_mib=peak_mib(pid) if self._has_own_peak[name] else None,
            )
            for name, pid in self._pids.items()
        )


def wait_until_calm(pids: Collection[int], *, at_most_seconds: float) -> bool:
    """Wait until processes are nearly idle; False after a timeout."""
    deadline = time.monotonic() + at_most_seconds
    while time.monotonic() < deadline:
        before = sum(map(cpu_seconds, pids))
        time.sleep(_CALM_SECONDS)
        if sum(map(cpu_seconds, pids)) - before < _CALM_SHARE * _CALM_SECONDS:
            return True
    return False


def server_process(host: str | None, port: int, *, programs: tuple[str, ...]) -> int | None:
    """Return the process that listens there; None if it is on another machine, in a container or hidden from us."""
    if host not in _LOOPBACK:
        return None
    sockets = set(_listening_sockets(port))
    owners = (pid for pid in _processes() if _name(pid) in programs)
    return next((pid for pid in owners if sockets & set(_open_files(pid))), None)


def file_system_of(path: str, pid: int) -> str:
    """Return the type of the file system of a path, as seen by a process: ext4, xfs, tmpfs."""
    mounts = [line.split()[1:3] for line in (_PROC / str(pid) / "mounts").read_text().splitlines()]
    inside = [(point, kind) for point, kind in mounts if Path(path).is_relative_to(point)]
    # Of two mounts on the same point, the later one is visible.
    return max(enumerate(inside), key=lambda entry: (len(entry[1][0]), entry[0]))[1][1]


def _listening_sockets(port: int) -> Iterator[str]:
    for table in ("tcp", "tcp6"):
        with suppress(FileNotFoundError):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENING and int(fields[1].rpartition(":")[2], 16) == port:
                    yield f"socket:[{fields[9]}]"


def _processes() -> Iterator[int]:
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def _name(pid: int) -> str:
    with suppress(OSError):
        return (_PROC / str(pid) / "comm").read_text().strip()
    return ""


def _open_files(pid: int) -> Iterator[str]:
    with suppress(OSError):
        for entry in (_PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):
                yield str(entry.readlink())
