"""Copies the product, breaks the copies, and runs the layers on them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from verification.mutants.mutant import Attempt, Edit

_REPOSITORY = Path(__file__).parents[2]
#: Files that a run of a layer needs.
_PARTS = ("inflow", "services", "shared", "verification", "tests", "inflow.toml", "pyproject.toml")

#: Longer than any attempt, even on a busy machine.
_MAX_RUN_SECONDS = 1800


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The verdict of a layer on a copy, with its last output."""

    is_wrong: bool
    last_words: str


@contextmanager
def copy_of_the_product(edits: tuple[Edit, ...] = ()) -> Iterator[Path]:
    """Copy the repository's code to a folder of its own, and change it there."""
    with TemporaryDirectory(prefix="inflow-mutant-") as name:
        root = Path(name)
        for part in _PARTS:
            _copy(_REPOSITORY / part, root / part)
        for edit in edits:
            edit.apply(root)
        yield root


def run_layer(root: Path, attempt: Attempt) -> Verdict:
    """Run one layer of a copy to its end."""
    done = subprocess.run(
        [sys.executable, "-m", f"verification.{attempt.layer}", *attempt.arguments.split()],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_MAX_RUN_SECONDS,
    )
    return Verdict(is_wrong=done.returncode != 0, last_words=done.stdout[-2000:])


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)
