"""Attacks at the places where Inflow writes: planted files are replaced or refused, and links not followed."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from services.aggregator.aggregator import Aggregator
from shared.runtime.files import DataFolder
from tests.support.pipeline import PEOPLE, Pipeline, people
from tests.support.plants import Plant, assert_untouched, make_secret, planted

LEFTOVER = ".inflow-0123456789abcdef.tmp"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    return make_secret(tmp_path)


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with closing(Pipeline(tmp_path / "data")) as pipeline:
        yield pipeline


def summarise(pipeline: Pipeline) -> None:
    Aggregator(folder=pipeline.folder, store=pipeline.store, stop=Event()).recompute()


@planted
def test_what_a_load_leaves_behind_replaces_what_was_planted(pipeline: Pipeline, secret: Path, plant: Plant) -> None:
    folder = pipeline.folder
    pipeline.drop("places.csv", PEOPLE, modified_at=1)
    pipeline.drop("people.csv", f"{PEOPLE}Ada,Stone,never,Weir\n", modified_at=2)
    pipeline.look()
    # Once they are claimed: before that, the number in the name of such a file would not be given any more.
    ours = [folder.rejected / name for name in ("places.1.csv", "places.1.csv.reason.txt", "people.csv.2.csv")]
    ours.append(folder.archive / "people.2.csv")
    for path in ours:
        plant(path, secret)
        plant(path.with_name(f".{path.name}.tmp"), secret)
    pipeline.finish()

    assert pipeline.states() == {"places.csv": ("refused", "missing-label"), "people.csv": ("archived", None)}
    assert [path.name for path in ours if path.is_symlink() or not path.is_file()] == []
    assert "never" in (folder.rejected / "people.csv.2.csv").read_text()
    assert_untouched(secret)


@planted
def test_a_summary_replaces_what_was_planted(pipeline: Pipeline, secret: Path, plant: Plant) -> None:
    path = pipeline.folder.root / "summary_output.json"
    plant(path, secret)
    plant(path.with_name(".summary_output.json.tmp"), secret)
    summarise(pipeline)

    assert not path.is_symlink()
    assert path.read_bytes() == b"{}"
    assert_untouched(secret)


@planted
def test_what_took_the_place_of_a_summary_is_replaced_at_the_next_look(
    pipeline: Pipeline, secret: Path, plant: Plant
) -> None:
    path = pipeline.folder.root / "summary_output.json"
    aggregator = Aggregator(folder=pipeline.folder, store=pipeline.store, stop=Event())
    aggregator.recompute()
    path.unlink()
    plant(path, secret)
    aggregator.catch_up()

    assert not path.is_symlink()
    assert path.read_bytes() == b"{}"
    assert_untouched(secret)


def test_a_link_to_what_a_summary_would_be_is_replaced_as_well(pipeline: Pipeline, secret: Path) -> None:
    """Else the reader of the summary would read whatever is written there later."""
    secret.write_bytes(b"{}")
    path = pipeline.folder.root / "summary_output.json"
    path.symlink_to(secret)
    summarise(pipeline)

    assert not path.is_symlink()


def test_what_killed_processes_left_behind_is_removed_at_the_next_start(pipeline: Pipeline, tmp_path: Path) -> None:
    folder = pipeline.folder
    for place in (folder.root, folder.rejected):
        (place / LEFTOVER).touch()
        (place / ".people.csv.tmp").touch()
    with closing(Pipeline(tmp_path / "data")) as restarted:
        summarise(restarted)

    for place in (folder.root, folder.rejected):
        assert [name for name in os.listdir(place) if name.endswith(".tmp")] == [".people.csv.tmp"]


@pytest.mark.parametrize("name", ["inbox", "processing", "archive", "rejected"])
def test_a_folder_that_the_operator_replaced_by_a_link_is_followed(tmp_path: Path, name: str) -> None:
    """Who can do that may write to the data folder itself, and so do anything with what is in it."""
    folder = DataFolder(tmp_path / "data")
    folder.create()
    (folder.root / name).rename(tmp_path / name)
    (folder.root / name).symlink_to(tmp_path / name)
    with closing(Pipeline(folder.root)) as pipeline:
        pipeline.drop("animals.csv", "a\n", modified_at=1)
        pipeline.drop("people.csv", people(1), modified_at=2)
        pipeline.finish()

        assert pipeline.states() == {"animals.csv": ("refused", "no-dataset"), "people.csv": ("archived", None)}
    assert os.listdir(folder.archive) == ["people.2.csv"]
    assert sorted(os.listdir(folder.rejected)) == ["animals.1.csv", "animals.1.csv.reason.txt"]
