"""`make demo`: the first thing that a new user runs."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.command import QUICK, REPOSITORY
from tests.support.oracle import expected_summary

SHIM = """\
#!/bin/sh
PYTHONPATH='{repository}' exec '{python}' -m inflow.cli "$@"
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The parts of a clone that the demo needs, with an installed command that runs the code here."""
    clone = tmp_path / "a clone"
    shutil.copytree(REPOSITORY / "scripts", clone / "scripts")
    shutil.copytree(REPOSITORY / "data" / "samples", clone / "data" / "samples")
    command = clone / ".venv" / "bin" / "inflow"
    command.parent.mkdir(parents=True)
    command.write_text(SHIM.format(repository=REPOSITORY, python=sys.executable))
    command.chmod(0o755)
    return clone


def demo(clone: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [clone / "scripts" / "demo.sh"],
        cwd="/",
        env={**os.environ, **QUICK},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def test_the_demo_shows_what_was_loaded_rejected_and_summarised(clone: Path) -> None:
    finished = demo(clone)

    assert finished.returncode == 0, finished.stderr
    loaded, rejected, summarised = finished.stdout.split("\n== ")[-3:]
    rows = {line.split()[1]: line.split()[2:10] for line in loaded.splitlines() if ".csv" in line}
    assert rows == {
        "people.csv": ["people", "archived", "1000", "995", "0", "0", "1", "4"],
        "places.csv": ["places", "archived", "122", "122", "0", "0", "0", "0"],
    }
    assert "3 references wait for 2 rows" in loaded
    assert "given_name,family_name,date_of_birth,place_of_birth,load,line,byte_offset,column,code,message" in rejected
    assert rejected.count("1837-02-30") >= 1
    summary = json.loads(summarised.splitlines()[1])
    assert list(summary.items()) == list(expected_summary(clone / "data" / "samples").items())


def test_the_readme_shows_what_the_demo_prints(clone: Path) -> None:
    """But for the seconds that it took, and what the README leaves out with an ellipsis."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("```text\n== ")[2].partition("```")[0]

    printed = re.sub(r"\d+\.\d$", "0.1", demo(clone).stdout, flags=re.MULTILINE)

    parts = [part.strip("\n") for part in shown.split("…")]
    assert len(parts) == 3
    assert [part for part in parts if part not in printed] == []


def test_the_demo_can_be_run_again(clone: Path) -> None:
    """It begins with a fresh folder each time and leaves the samples as they are."""
    samples = {path.name: path.read_bytes() for path in (clone / "data" / "samples").iterdir()}
    first, again = demo(clone), demo(clone)

    assert (first.returncode, again.returncode) == (0, 0)
    assert first.stdout.splitlines()[-2:] == again.stdout.splitlines()[-2:]
    assert {path.name: path.read_bytes() for path in (clone / "data" / "samples").iterdir()} == samples
