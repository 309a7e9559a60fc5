"""Markers next to a file: .done says that it is complete, .sha256 has its digest."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from services.extractor.settings import WatcherConfig
from services.watcher.claiming import eligibility
from shared.configuration.catalog import load_catalog
from shared.model.datasets import Catalog, Marker
from tests.support.pipeline import AT_ONCE, Pipeline, people

PATIENT = replace(AT_ONCE, settle_seconds=3600.0)
CONTENT = people(3)
DIGEST = hashlib.sha256(CONTENT.encode()).hexdigest()
ARCHIVED = {"people.csv": ("archived", None)}

NewPipeline = Callable[..., Pipeline]


@pytest.fixture
def new_pipeline(tmp_path: Path) -> Iterator[NewPipeline]:
    with ExitStack() as closing_all:

        def new(config: WatcherConfig = AT_ONCE, catalog: Catalog | None = None) -> Pipeline:
            return closing_all.enter_context(closing(Pipeline(tmp_path / "data", config=config, catalog=catalog)))

        yield new


def waiting_for(marker: Marker) -> Catalog:
    catalog = load_catalog(None)
    datasets = {name: replace(dataset, wait_for=marker) for name, dataset in catalog.datasets.items()}
    return replace(catalog, datasets=datasets)


def names_in(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_file_that_is_done_is_claimed_at_once_and_its_marker_goes(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline(PATIENT)
    pipeline.drop("people.csv", CONTENT)
    pipeline.look()
    assert pipeline.waiting() == {"people.csv": ("settling", "settling")}

    pipeline.drop("people.csv.done")
    pipeline.finish()
    assert pipeline.states() == ARCHIVED
    assert names_in(pipeline.folder.inbox) == []


def test_a_marker_is_not_loaded_and_holds_nothing_back(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline()
    pipeline.drop("people.csv.done")
    pipeline.drop("people.csv.sha256", DIGEST)
    pipeline.finish()

    assert (pipeline.loads(), pipeline.waiting()) == ([], {})
    assert names_in(pipeline.folder.inbox) == ["people.csv.done", "people.csv.sha256"]


def test_a_marker_that_a_crash_left_does_not_bless_the_next_file_of_that_name(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline(PATIENT)
    marker = pipeline.drop("people.csv.done")
    file = pipeline.drop("people.csv", CONTENT, modified_at=1.0)
    while file.stat().st_ctime_ns <= marker.stat().st_ctime_ns:
        file.touch()
    pipeline.look()

    assert pipeline.waiting() == {"people.csv": ("settling", "settling")}


@pytest.mark.parametrize("content", [f"{DIGEST}  people.csv\n", DIGEST])
def test_a_file_that_has_its_digest_is_claimed(new_pipeline: NewPipeline, content: str) -> None:
    pipeline = new_pipeline()
    pipeline.drop("people.csv.sha256", content)
    pipeline.drop("people.csv", CONTENT)
    pipeline.finish()

    assert pipeline.states() == ARCHIVED
    assert names_in(pipeline.folder.inbox) == []


def test_a_file_waits_until_it_has_its_digest(new_pipeline: NewPipeline) -> None:
    """G10 Waiting explains itself."""
    pipeline = new_pipeline()
    pipeline.drop("people.csv.sha256", DIGEST)
    path = pipeline.drop("people.csv", CONTENT[:-5])
    pipeline.finish()
    assert pipeline.waiting() == {"people.csv": ("blocked", "checksum-mismatch")}
    [file] = pipeline.watcher.waiting
    assert DIGEST[:12] in file.message
    assert hashlib.sha256(CONTENT[:-5].encode()).hexdigest()[:12] in file.message

    path.write_text(CONTENT)
    pipeline.finish()
    assert pipeline.states() == ARCHIVED


def test_a_done_file_must_have_its_digest_too(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline(PATIENT)
    pipeline.drop("people.csv", CONTENT)
    pipeline.drop("people.csv.sha256", "0" * 64)
    pipeline.drop("people.csv.done")
    pipeline.finish()

    assert pipeline.waiting() == {"people.csv": ("blocked", "checksum-mismatch")}


def test_a_marker_without_a_digest_says_so(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline()
    pipeline.drop("people.csv", CONTENT)
    pipeline.drop("people.csv.sha256", "people.csv: OK\n")
    pipeline.finish()

    [file] = pipeline.watcher.waiting
    assert "people.csv.sha256 has no SHA-256 digest" in file.message


def test_a_large_file_is_compared_in_steps_and_each_version_once(
    new_pipeline: NewPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """G8 Memory is bounded, and so is the time in which nothing else is done."""
    monkeypatch.setattr(eligibility, "_BYTES_AT_A_LOOK", 50)
    monkeypatch.setattr(eligibility, "_BLOCK_BYTES", 50)
    pipeline = new_pipeline()
    pipeline.drop("people.csv", CONTENT)
    pipeline.drop("people.csv.sha256", "0" * 64)
    looks = 0
    while pipeline.waiting() != {"people.csv": ("blocked", "checksum-mismatch")}:
        pipeline.look()
        looks += 1
    assert looks == -(-len(CONTENT) // 50)

    pipeline.look()
    assert pipeline.waiting() == {"people.csv": ("blocked", "checksum-mismatch")}
    pipeline.drop("people.csv.sha256", DIGEST)
    pipeline.look()
    assert pipeline.waiting() == {"people.csv": ("settling", "being-verified")}
    pipeline.finish()
    assert pipeline.states() == ARCHIVED


@pytest.mark.parametrize("marker", ["done", "sha256"])
def test_a_dataset_may_take_no_file_without_its_marker(new_pipeline: NewPipeline, marker: Marker) -> None:
    pipeline = new_pipeline(AT_ONCE, waiting_for(marker))
    pipeline.drop("people.csv", CONTENT)
    pipeline.finish()
    assert pipeline.waiting() == {"people.csv": ("blocked", "waits-for-marker")}

    pipeline.drop(f"people.csv.{marker}", DIGEST)
    pipeline.finish()
    assert pipeline.states() == ARCHIVED
