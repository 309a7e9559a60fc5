"""The simulation (layer 1) in brief: some seeds, seeds that failed once, and that a seed is reproducible."""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.writer import load_progress
from verification.simulation.__main__ import report
from verification.simulation.batch import Totals, Workshop, run_batch
from verification.simulation.faults import all_kinds

#: A simulated process that is killed leaves its files open; in a real one, the kernel would close them.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SEEDS = range(150)
ROOT = Path(__file__).parents[2]


def bad_seeds() -> list[int]:
    """Return the seeds that found a bug once; the file describes each."""
    lines = (ROOT / "verification" / "simulation" / "bad_seeds.txt").read_text().splitlines()
    return [int(line.split()[0]) for line in lines if not line.startswith("#")]


@pytest.fixture(autouse=True)
def close_what_the_killed_left_open() -> Iterator[None]:
    """Collect the files here, and not in the middle of another test."""
    yield
    gc.collect()


def test_every_seed_ends_correctly_and_every_kind_of_fault_occurs() -> None:
    """G1 to G7 and G9: each failure names its seed; `python -m verification.simulation --seed N` replays it."""
    totals = run_batch(SEEDS)

    assert totals.failures == {}
    assert totals.seeds == len(SEEDS)
    assert [kind for kind in all_kinds() if not totals.faults[kind]] == []


@pytest.mark.parametrize("seed", bad_seeds())
def test_a_seed_that_failed_once_ends_correctly(seed: int) -> None:
    assert run_batch([seed]).failures == {}


def test_a_seed_gives_the_same_run_in_every_process() -> None:
    command = [sys.executable, "-m", "verification.simulation", "--seed", "7"]
    outputs = {
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": number}, capture_output=True, check=True, text=True
        ).stdout
        for number in ("1", "2")
    }
    assert len(outputs) == 1
    assert "faults have stopped" in outputs.pop()


def test_earlier_runs_do_not_change_a_seed() -> None:
    with Workshop.open() as fresh:
        first = fresh.run(11, is_traced=True)
    with Workshop.open() as used:
        used.run(10)
        second = used.run(11, is_traced=True)
    assert first == second
    assert first.trace


def test_a_product_without_its_ledger_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load_progress, "enter_chunk", lambda *_: True)
    assert run_batch(range(10)).failures


def test_a_fault_that_never_occurs_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    totals = Totals(seeds=1000)
    totals.faults.update(all_kinds())
    assert report(totals, seconds=1.0) == 0
    del totals.faults["at a read: EIO"]
    assert report(totals, seconds=1.0) == 1
    assert "never occurred: at a read: EIO" in capsys.readouterr().out


def test_a_failed_seed_fails_the_run() -> None:
    totals = Totals(seeds=1, failures={3: ["a row is lost"]})
    assert report(totals, seconds=1.0) == 1
