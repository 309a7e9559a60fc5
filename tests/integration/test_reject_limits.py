"""A file with more rejected rows than its dataset allows is refused as a whole, before any row is visible."""

import csv
import errno
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from shared.extraction.chunks import ChunkBounds
from shared.messaging.payloads import RowsExtracted
from shared.model.datasets import Catalog, RejectLimit
from tests.support.catalogs import default_catalog
from tests.support.pipeline import AT_ONCE, PEOPLE, Pipeline, people

NewPipeline = Callable[[RejectLimit], Pipeline]

BAD = "Eve,Stone,1900-02-30,Weir\n"
SHORT = "Bo,Stone\n"
TWO = RejectLimit(rows=2)


def limited(limit: RejectLimit) -> Catalog:
    catalog = default_catalog()
    people = replace(catalog.datasets["people"], max_rejects=limit)
    return replace(catalog, datasets={**catalog.datasets, "people": people})


@pytest.fixture
def new_pipeline(tmp_path: Path) -> Iterator[NewPipeline]:
    """Opens one on the same folder each time, as after a crash."""
    with ExitStack() as opened:
        yield lambda limit: opened.enter_context(closing(Pipeline(tmp_path, config=AT_ONCE, catalog=limited(limit))))


def no_space(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def drop(pipeline: Pipeline, content: str) -> None:
    pipeline.drop("people.csv", content)
    pipeline.finish()


def test_a_file_with_too_many_rejects_is_refused_before_anything_is_published(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline(TWO)

    drop(pipeline, people(5) + BAD + people(4).removeprefix(PEOPLE) + SHORT + BAD)

    assert pipeline.states() == {"people.csv": ("refused", "too-many-rejects")}
    assert pipeline.queue.published == []
    assert pipeline.table("people") == []
    [load] = pipeline.loads()
    assert load.message == (
        "3 of 12 rows would be rejected, at most 2 may be (max_rejects). "
        "All of them are in people.csv.1.csv; the first: "
        "line 7: date_of_birth: '1900-02-30' is not a date; expected YYYY-MM-DD, e.g. 1984-12-31; "
        "line 12: the row has 2 values, the header has 4; "
        "line 13: date_of_birth: '1900-02-30' is not a date; expected YYYY-MM-DD, e.g. 1984-12-31"
    )


def test_its_rejects_are_next_to_it(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline(TWO)
    content = people(5) + BAD + SHORT + BAD
    drop(pipeline, content)

    rejected = pipeline.folder.rejected
    assert sorted(os.listdir(rejected)) == ["people.1.csv", "people.1.csv.reason.txt", "people.csv.1.csv"]
    assert (rejected / "people.1.csv").read_text() == content
    assert "reason: too-many-rejects" in (rejected / "people.1.csv.reason.txt").read_text()
    with (rejected / "people.csv.1.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == [*PEOPLE.strip().split(","), "load", "line", "byte_offset", "column", "code", "message"]
    [load] = pipeline.loads()
    assert {row[4] for row in rows} == {f"1-{load.token}"}
    assert [row[5:9] for row in rows] == [
        ["7", str(content.index(BAD)), "date_of_birth", "type-error"],
        ["8", str(content.index(SHORT)), "", "missing-cell"],
        ["9", str(content.rindex(BAD)), "date_of_birth", "type-error"],
    ]


def test_a_file_within_its_limit_is_loaded(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline(TWO)

    drop(pipeline, people(5) + BAD + SHORT)

    [load] = pipeline.loads()
    assert (load.state, load.inserted, load.rejected) == ("archived", 5, 2)
    assert load.first_pass_milliseconds is not None
    assert os.listdir(pipeline.folder.rejected) == ["people.csv.1.csv"]


@pytest.mark.parametrize(("good", "state"), [(18, "refused"), (19, "archived")])
def test_a_share_is_that_of_all_rows(new_pipeline: NewPipeline, good: int, state: str) -> None:
    pipeline = new_pipeline(RejectLimit(percent=Decimal(5)))

    drop(pipeline, PEOPLE + BAD + people(good).removeprefix(PEOPLE))

    assert pipeline.loads()[0].state == state


def test_without_a_limit_nothing_is_looked_at_first(tmp_path: Path) -> None:
    with closing(Pipeline(tmp_path)) as pipeline:
        drop(pipeline, people(3) + BAD)

        assert pipeline.loads()[0].first_pass_milliseconds is None


def test_a_file_that_fits_no_header_is_refused_for_that(new_pipeline: NewPipeline) -> None:
    pipeline = new_pipeline(TWO)

    drop(pipeline, "given_name\n" + "x\n" * 9)

    assert pipeline.states() == {"people.csv": ("refused", "missing-label")}


def test_other_files_have_their_turns_meanwhile(new_pipeline: NewPipeline) -> None:
    """Chunks are of three rows here: of the large file, many are looked at while the small one is published."""
    pipeline = new_pipeline(TWO)
    pipeline.drop("people.csv", people(300), modified_at=1)
    pipeline.drop("places.csv", "city,county,country\nWeir,Angus,Scotland\n", modified_at=2)
    pipeline.finish()

    assert [payload.dataset for payload in pipeline.queue.published[:2]] == ["places", "places"]
    assert {load.state for load in pipeline.loads()} == {"archived"}


def test_a_crash_in_the_middle_of_the_look_changes_nothing(new_pipeline: NewPipeline) -> None:
    """G9"""
    before = new_pipeline(TWO)
    before.drop("people.csv", people(30) + BAD * 3)
    before.look()
    for _ in range(5):
        before.watcher.publish()
    after = new_pipeline(TWO)
    after.finish()

    assert after.states() == {"people.csv": ("refused", "too-many-rejects")}
    assert after.queue.published == []


def test_where_the_rejects_can_not_be_written_the_file_waits(
    new_pipeline: NewPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipeline = new_pipeline(TWO)
    pipeline.look()
    pipeline.drop("people.csv", people(3) + BAD * 3)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", no_space)
        pipeline.finish()
        assert pipeline.states() == {"people.csv": ("claimed", "unreadable")}
        assert os.listdir(pipeline.folder.rejected) == []
    pipeline.look()
    pipeline.publish()
    pipeline.finish()

    assert pipeline.states() == {"people.csv": ("refused", "too-many-rejects")}


def test_a_load_that_is_being_published_is_not_looked_at_again(new_pipeline: NewPipeline) -> None:
    """Visible rows stay: a limit set in the meantime applies to the next file."""
    before = new_pipeline(RejectLimit(rows=9))
    before.drop("people.csv", people(3) + BAD * 3)
    before.look()
    while not any(isinstance(payload, RowsExtracted) for payload in before.queue.published):
        before.watcher.publish()
    after = new_pipeline(TWO)
    after.finish()

    assert after.states() == {"people.csv": ("archived", None)}


def test_large_files_are_counted_in_the_order_of_their_lines(tmp_path: Path) -> None:
    """Their rows are published in the order of their keys."""
    config = replace(AT_ONCE, bounds=ChunkBounds(rows=100, bytes=64))
    with closing(Pipeline(tmp_path, config=config, catalog=limited(RejectLimit(rows=0)))) as pipeline:
        drop(pipeline, people(9) + "Zoe,Stone,never,Weir\nAda,Stone,never,Weir\n")

        assert "the first: line 11: " in (pipeline.loads()[0].message or "")


def test_a_file_with_a_limit_is_read_once_to_find_out_its_format(tmp_path: Path) -> None:
    """Of NDJSON that takes a step for each thousand records; counting takes one for each chunk."""
    content = "".join(
        f'{{"city": "City {number}", "county": "Kent", "country": "England"}}\n' for number in range(5000)
    )
    config = replace(AT_ONCE, bounds=ChunkBounds(rows=5000, bytes=1 << 20))
    steps = []
    for limit in (None, TWO):
        catalog = default_catalog()
        places = replace(catalog.datasets["places"], max_rejects=limit)
        catalog = replace(catalog, datasets={**catalog.datasets, "places": places})
        with closing(Pipeline(tmp_path / str(limit), config=config, catalog=catalog)) as pipeline:
            pipeline.drop("places.ndjson", content)
            pipeline.look()
            steps.append(sum(1 for _ in iter(pipeline.watcher.publish, False)))

    assert steps[1] == steps[0] + 1
