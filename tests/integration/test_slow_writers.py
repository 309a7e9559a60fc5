"""Files that other processes write slowly, with the kernel's events and with polling only."""

import errno
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Self

import pytest

from tests.support.pipeline import AT_ONCE, PEOPLE, Clock, Pipeline

SETTLE_SECONDS = 60.0
ROWS = [f"Given {number},Stone,1900-01-01,Weir\n" for number in range(10)]
#: Every pause comes in the middle of a row.
PARTS = [
    PEOPLE + ROWS[0][:9],
    *(before[9:] + row[:9] for before, row in pairwise(ROWS)),
    ROWS[9][9:],
]
ALL = [f"Given {number}" for number in range(10)]

#: Writes what it is told to, and answers when that is in the file.
WRITER = """
import sys
with open(sys.argv[1], "ab", buffering=0) as file:
    while size := int(sys.stdin.buffer.readline() or 0):
        file.write(sys.stdin.buffer.read(size))
        print("written", flush=True)
"""


class WritingProcess:
    """Another process with a file open."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def write(self, text: str) -> None:
        """Return when the text is in the file."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        data = text.encode()
        self._process.stdin.write(b"%d\n%s" % (len(data), data))
        self._process.stdin.flush()
        assert self._process.stdout.readline() == b"written\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End it; the file is closed by that."""
        assert self._process.communicate(b"0\n")[0] == b""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["auto", "poll"])
def pipeline(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Pipeline]:
    config = replace(AT_ONCE, settle_seconds=SETTLE_SECONDS, watch=request.param)
    with closing(Pipeline(tmp_path / "data", config=config, clock=clock)) as pipeline:
        yield pipeline


@pytest.fixture
def no_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a file that a process of another machine writes: the kernel here does not know of it."""

    def refuse(*_: object) -> int:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(fcntl, "fcntl", refuse)


def given_names(pipeline: Pipeline) -> list[str]:
    return [row[0] for row in pipeline.table("people")]


@pytest.mark.usefixtures("no_leases")
def test_pauses_that_are_shorter_than_the_settling_are_waited_for(pipeline: Pipeline, clock: Clock) -> None:
    with WritingProcess(pipeline.folder.inbox / "people.csv") as writer:
        for part in PARTS:
            writer.write(part)
            pipeline.look()
            clock.let_pass(SETTLE_SECONDS - 1)
            pipeline.look()
            assert pipeline.waiting() == {"people.csv": ("settling", "settling")}
    clock.let_pass(1)
    pipeline.finish()

    [load] = pipeline.loads()
    assert (load.state, load.reason, load.inserted, load.rejected) == ("archived", None, 10, 0)


def test_however_long_the_pauses_no_file_is_claimed_that_is_open_for_writing(pipeline: Pipeline, clock: Clock) -> None:
    with WritingProcess(pipeline.folder.inbox / "people.csv") as writer:
        for part in PARTS:
            writer.write(part)
            pipeline.look()
            clock.let_pass(SETTLE_SECONDS + 1)
            pipeline.look()
            assert pipeline.waiting() == {"people.csv": ("settling", "open-for-writing")}
    pipeline.finish()

    [load] = pipeline.loads()
    assert (load.state, load.reason, load.inserted, load.rejected) == ("archived", None, 10, 0)


@pytest.mark.usefixtures("no_leases")
def test_a_row_that_was_read_half_is_read_once_more_when_the_rest_is_there(pipeline: Pipeline, clock: Clock) -> None:
    with WritingProcess(pipeline.folder.inbox / "people.csv") as writer:
        for part in PARTS:
            writer.write(part)
            pipeline.look()
            clock.let_pass(SETTLE_SECONDS + 1)
            pipeline.look()
            pipeline.publish()
            pipeline.deliver_all()
    clock.let_pass(SETTLE_SECONDS)
    pipeline.finish()

    *halves, whole = pipeline.loads()
    assert given_names(pipeline) == ALL
    assert (whole.state, whole.reason, whole.rows_read, whole.rejected) == ("archived", None, 10, 0)
    assert halves
    assert {load.reason for load in halves} == {"changed-while-read"}
    assert os.listdir(pipeline.folder.rejected) == []


@pytest.mark.usefixtures("no_leases")
def test_a_large_copy_is_claimed_when_it_is_there_as_a_whole(pipeline: Pipeline, clock: Clock, tmp_path: Path) -> None:
    """A hundred megabytes that come through a pipe: between two parts the watcher looks, and finds them unfinished."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    target = pipeline.folder.inbox / "people.csv"
    with subprocess.Popen(["cp", pipe, target]) as copying, pipe.open("wb") as source:
        source.write(PEOPLE.strip().encode() + b",remark\n")
        for number in range(10):
            row = f"Given {number},Stone,1900-01-01,Weir,".encode() + b"x" * 1_000_000 + b"\n"
            source.write(row * 10)
            source.flush()
            pipeline.look()
            clock.let_pass(SETTLE_SECONDS / 2)
            pipeline.look()
            assert pipeline.loads() == []
        source.close()
        assert copying.wait() == 0
    assert target.stat().st_size > 100_000_000
    pipeline.look()
    clock.let_pass(SETTLE_SECONDS)
    pipeline.finish()

    [load] = pipeline.loads()
    assert (load.state, load.rows_read, load.inserted, load.superseded) == ("archived", 100, 10, 90)


def test_an_upload_under_a_temporary_name_is_claimed_under_its_own(pipeline: Pipeline, clock: Clock) -> None:
    part = pipeline.folder.inbox / "people.csv.part"
    with WritingProcess(part) as writer:
        for text in PARTS:
            writer.write(text)
            clock.let_pass(SETTLE_SECONDS + 1)
            pipeline.look()
            assert (pipeline.loads(), pipeline.waiting()) == ([], {})
    part.rename(part.with_suffix(""))
    pipeline.look()
    clock.let_pass(SETTLE_SECONDS)
    pipeline.finish()

    assert [(load.file, load.inserted) for load in pipeline.loads()] == [("people.csv", 10)]


def test_a_file_that_is_moved_in_by_mv_is_loaded(pipeline: Pipeline, clock: Clock, tmp_path: Path) -> None:
    source = tmp_path / "people.csv"
    source.write_text("".join(PARTS))
    mv = shutil.which("mv")
    assert mv is not None
    subprocess.run([mv, source, pipeline.folder.inbox], check=True)
    pipeline.look()
    clock.let_pass(SETTLE_SECONDS)
    pipeline.finish()

    assert given_names(pipeline) == ALL
