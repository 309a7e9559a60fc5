import csv
import io
import os
import random
from itertools import pairwise
from pathlib import Path

import pytest

from services.extractor.sorting.ordering import SortingTurns
from shared.configuration.catalog import load_catalog
from shared.extraction.chunks import ChunkBounds
from shared.extraction.claimed_file import ClaimedFile
from shared.messaging.payloads import LoadExtracted, RowsExtracted
from shared.model.datasets import NOTHING_FIXED
from shared.model.unreadable_rows import UnreadableRow
from shared.reading.csv.records import RecordReader
from shared.reading.detector import make_plan
from shared.reading.line_account import LineAccount
from tests.support.extraction import cuts_of, extract, file_at, next_chunk

HEADER = ["family_name", "given_name", "date_of_birth", "place_of_birth"]
BOUNDS = ChunkBounds(rows=50, bytes=2048)


def table(seed: int, *, rows: int) -> list[list[str]]:
    chance = random.Random(seed)
    return [
        [chance.choice(("Ash", "B, C", 'D"E', "F\nG", "José")), f"Given {chance.randrange(1000)}", "1901-01-01", "Ayr"]
        for _ in range(rows)
    ]


def written(path: Path, rows: list[list[str]], *, line_end: str = "\n", rest: str = "") -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator=line_end).writerows([HEADER, *rows])
        file.write(rest)
    return path


def claimed(path: Path) -> ClaimedFile:
    return file_at(path, load_catalog(None).datasets["people"], bounds=BOUNDS)


def messages(path: Path) -> list[RowsExtracted | LoadExtracted]:
    chunks, extracted = extract(claimed(path))
    return [*chunks, extracted.manifest]


def open_files() -> list[str]:
    return os.listdir("/proc/self/fd")


def rows_of(found: list[RowsExtracted | LoadExtracted]) -> list[tuple[int, list[str]]]:
    chunks = [message for message in found if isinstance(message, RowsExtracted)]
    assert [chunk.first_row for chunk in chunks] == [
        sum(chunk.row_count for chunk in chunks[:number]) for number in range(len(chunks))
    ]
    return [row for chunk in chunks for row in zip(chunk.lines, chunk.rows, strict=True)]


def unreadable_of(found: list[RowsExtracted | LoadExtracted]) -> list[UnreadableRow]:
    return [row for message in found if isinstance(message, RowsExtracted) for row in message.unreadable]


def as_it_stands(path: Path) -> tuple[list[tuple[int, list[str]]], list[UnreadableRow]]:
    records = list(RecordReader(io.BytesIO(path.read_bytes())))[1:]
    rows = [record for record in records if not isinstance(record, UnreadableRow)]
    return rows, [record for record in records if isinstance(record, UnreadableRow)]


#: The most bytes of a run, and, where runs are sorted on the disk, of a section.
SIZES = {
    "a run a block": (1, None),
    "small runs": (4096, None),
    "one run": (1 << 20, None),
    "runs sorted on the disk": (4096, 1 << 30),
    "sections sorted on the disk": (4096, 10_000),
}


@pytest.fixture(params=SIZES.values(), ids=list(SIZES))
def sizes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    run_bytes, section_bytes = request.param
    cut_runs(monkeypatch, run_bytes=run_bytes)
    if section_bytes is not None:
        sort_on_disk(monkeypatch, section_bytes=section_bytes)


def cut_runs(monkeypatch: pytest.MonkeyPatch, *, run_bytes: int) -> None:
    monkeypatch.setattr("services.extractor.sorting.runs._RUN_BYTES", run_bytes)
    monkeypatch.setattr("services.extractor.sorting.runs._FIRST_RUN_BYTES", 1024)


def sort_on_disk(monkeypatch: pytest.MonkeyPatch, *, section_bytes: int) -> None:
    cut_runs(monkeypatch, run_bytes=4096)
    monkeypatch.setattr("services.extractor.row_sources._SORTED_FROM_BYTES", 0)
    monkeypatch.setattr("services.extractor.sorting.ordering._SECTION_BYTES", section_bytes)
    monkeypatch.setattr("services.extractor.sorting.external_sort._WINDOW_BYTES", 3000)
    monkeypatch.setattr("services.extractor.sorting.external_sort._BLOCK_BYTES", 500)


@pytest.mark.usefixtures("sizes")
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("rest", ["", "Ash,Last,1901-01-01,Ayr", "\n\nAsh,Last,1901-01-01,Ayr\n"])
def test_all_rows_come_with_their_own_lines(tmp_path: Path, line_end: str, rest: str) -> None:
    path = written(tmp_path / "people.csv", table(1, rows=600), line_end=line_end, rest=rest)

    assert sorted(rows_of(messages(path))) == as_it_stands(path)[0]


def account_of_read(path: Path) -> LineAccount:
    """What `inflow read` says of the lines."""
    with path.open("rb") as file:
        source = make_plan(file, NOTHING_FIXED).open(file)
        found = list(source)
    rejects = sum(isinstance(each, UnreadableRow) for each in found)
    return LineAccount.of(source, rows=len(found) - rejects, rejects=rejects)


@pytest.mark.usefixtures("sizes")
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    "rest",
    [
        pytest.param("", id="whole"),
        pytest.param("{0}{0}Ash,Last,1901-01-01,Ayr{0}{0}", id="blank lines"),
        pytest.param('{0}"Ash,Last,1901-01-01,Ayr{0}{0}Ek,Bo,1902-01-01,Bath{0}', id="a quote never closed"),
        pytest.param('{0}Ash,"La"st,1901-01-01,Ayr{0}{0}Ek,"B{0}o",1902-01-01,Bath', id="text behind a quote"),
    ],
)
def test_lines_are_accounted_for_as_read_says_whatever_the_order(tmp_path: Path, line_end: str, rest: str) -> None:
    path = written(tmp_path / "people.csv", table(5, rows=600), line_end=line_end, rest=rest.format(line_end))

    _, extracted = extract(claimed(path))

    account = account_of_read(path)
    assert extracted.line_account == account
    assert account.named["header"] == 1
    assert ("blank" in account.named) == bool(rest)


def test_rows_come_in_the_order_of_their_keys(tmp_path: Path) -> None:
    """The key is the given name first, which is not the file's first column."""
    rows = rows_of(messages(written(tmp_path / "people.csv", table(2, rows=600))))

    plain = [cells[1] for _, cells in rows if cells[0] in ("Ash", "José")]
    assert plain == sorted(plain)
    assert [line for line, _ in rows] != sorted(line for line, _ in rows)


def given_names(path: Path) -> list[str]:
    return [cells[1] for _, cells in rows_of(messages(path)) if cells[0] in ("Ash", "José")]


def test_rows_of_all_runs_come_in_one_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunk after chunk goes once through the table, however small the runs."""
    sort_on_disk(monkeypatch, section_bytes=1 << 30)

    names = given_names(written(tmp_path / "people.csv", table(6, rows=2000)))

    assert names == sorted(names)


def test_each_section_is_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sorted at a time is bounded: a file of any size needs no more room than that."""
    sort_on_disk(monkeypatch, section_bytes=10_000)
    path = written(tmp_path / "people.csv", table(7, rows=2000))

    names = given_names(path)

    turns_back = sum(name > following for name, following in pairwise(names))
    assert 0 < turns_back <= path.stat().st_size // 10_000


def test_files_are_sorted_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """G8 Memory is bounded: while one is sorted, the others wait; they go on when it is closed, read or not."""
    sort_on_disk(monkeypatch, section_bytes=1 << 30)
    path = written(tmp_path / "people.csv", table(8, rows=600))
    turns = SortingTurns()
    first, second = cuts_of(claimed(path), sorting=turns), cuts_of(claimed(path), sorting=turns)

    next_chunk(first)
    assert [next(second) for _ in range(100)] == [None] * 100
    first.close()
    assert next_chunk(second).row_count > 0
    second.close()


def test_sorting_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file has no name while it is there, and its room is given back with the extraction."""
    sort_on_disk(monkeypatch, section_bytes=1 << 30)
    path = written(tmp_path / "people.csv", table(9, rows=600))
    before = open_files()
    cuts = cuts_of(claimed(path))

    next_chunk(cuts)

    assert os.listdir(tmp_path) == ["people.csv"]
    assert len(open_files()) == len(before) + 2
    cuts.close()
    assert len(open_files()) == len(before)


def test_without_room_to_sort_it_a_file_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Published otherwise, and in order after a crash, its rows would be others than those the ledger has."""
    sort_on_disk(monkeypatch, section_bytes=1 << 30)
    monkeypatch.setattr("services.extractor.sorting.ordering._ROOM_FACTOR", 1 << 60)
    path = written(tmp_path / "people.csv", table(10, rows=600))
    turns = SortingTurns()

    with pytest.raises(OSError, match=r"to sort the file takes \d+ MiB on the disk of the data folder"):
        next_chunk(cuts_of(claimed(path), sorting=turns))

    assert turns.has_turn("another file")


@pytest.mark.usefixtures("sizes")
def test_the_same_file_gives_the_same_chunks(tmp_path: Path) -> None:
    path = written(tmp_path / "people.csv", table(3, rows=600))

    assert messages(path) == messages(path)


@pytest.mark.usefixtures("sizes")
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param('"never closed,x,1901-01-01,Ayr\n', id="a quote that is never closed"),
        pytest.param('"a" b,x,1901-01-01,Ayr\n', id="text behind a quote"),
        pytest.param('5" pipe,x,1901-01-01,Ayr\n6" pipe,y,1901-01-01,Ayr\n', id="quotes that are none"),
        pytest.param(f"{'x' * (1 << 20)},x,1901-01-01,Ayr\n", id="a row that is too long"),
    ],
)
def test_what_can_not_be_told_apart_comes_as_it_stands(tmp_path: Path, fault: str) -> None:
    """From there on; what is wrong with it is said as of any other file."""
    after = "".join(f"Ash,Late {number},1901-01-01,Ayr\n" for number in range(100))
    path = written(tmp_path / "people.csv", table(4, rows=600), rest=fault + after)

    found = messages(path)

    assert (sorted(rows_of(found)), unreadable_of(found)) == as_it_stands(path)


def test_a_file_of_one_chunk_is_left_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "people.csv", table(5, rows=30))

    assert rows_of(messages(path)) == as_it_stands(path)[0]
