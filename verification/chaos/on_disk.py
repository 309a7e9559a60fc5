"""The nemesis that fills the disk of the data folder, and the small file system that it needs."""

import errno
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory, TemporaryFile

from verification.chaos.nemesis import Nemesis
from verification.chaos.targets import World

_SIZE = "8m"
_BLOCK = b"\0" * 4096
_REFILL_SECONDS = 0.02


def why_no_small_disk() -> str | None:
    """Return why no small file system can be mounted here, or None if it can."""
    if os.geteuid() != 0:
        return "only root may mount a small file system"
    try:
        with TemporaryDirectory() as folder, small_disk(Path(folder)):
            return None
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no small file system can be mounted here: {error}"


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount a small file system on a folder until the block ends."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", folder], check=True, capture_output=True)
    try:
        yield
    finally:
        # Processes that have files open there keep them; the mount point is free.
        subprocess.run(["umount", "--lazy", folder], check=True)


def _fill(world: World, random: Random) -> str:
    seconds = random.uniform(2, 6)
    until = time.monotonic() + seconds
    # It has no name to clash with that of another blow of the same kind, and its room is free when it is closed.
    with TemporaryFile(dir=world.data, buffering=0) as file:
        while time.monotonic() < until:
            # Space that others free meanwhile is also taken.
            _write_until_full(file.fileno())
            time.sleep(_REFILL_SECONDS)
    return f"disk full for {seconds:.1f} s"


def _write_until_full(descriptor: int) -> None:
    try:
        while True:
            os.write(descriptor, _BLOCK)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


ON_DISK = (Nemesis(name="disk-full", strike=_fill, fills_disk=True),)
