import csv
import io
import random
from pathlib import Path

import pytest

from services.watcher.chunks import Bounds
from services.watcher.claims import ClaimedName
from services.watcher.reading import Reading
from shared.configuration import load_catalog
from shared.messages import LoadExtracted, RowsExtracted, UnreadableRow
from shared.reader.records import RecordReader

HEADER = ["family_name", "given_name", "date_of_birth", "place_of_birth"]
BOUNDS = Bounds(rows=50, bytes=2048)


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


def messages(path: Path) -> list[RowsExtracted | LoadExtracted]:
    claimed = ClaimedName(load_id=1, dataset="people", bounds=BOUNDS, original=path.name)
    reading = Reading(claimed, load_catalog(None).datasets["people"], path)
    while not reading.survey():
        pass
    reading.open(None)
    found = []
    while not reading.is_finished:
        found.append(reading.message())
        reading.confirm()
    return found


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


@pytest.fixture(params=[1, 4096, 1 << 20], ids=["a window a stretch", "small windows", "one window"])
def window_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("services.watcher.windows._WINDOW_BYTES", request.param)
    monkeypatch.setattr("services.watcher.windows._FIRST_WINDOW_BYTES", 1024)
    size_bytes: int = request.param
    return size_bytes


@pytest.mark.usefixtures("window_bytes")
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("rest", ["", "Ash,Last,1901-01-01,Ayr", "\n\nAsh,Last,1901-01-01,Ayr\n"])
def test_all_rows_come_with_their_own_lines(tmp_path: Path, line_end: str, rest: str) -> None:
    path = written(tmp_path / "people.csv", table(1, rows=600), line_end=line_end, rest=rest)

    assert sorted(rows_of(messages(path))) == as_it_stands(path)[0]


def test_rows_come_in_the_order_of_their_keys(tmp_path: Path) -> None:
    """The key is the given name first, which is not the file's first column."""
    rows = rows_of(messages(written(tmp_path / "people.csv", table(2, rows=600))))

    plain = [cells[1] for _, cells in rows if cells[0] in ("Ash", "José")]
    assert plain == sorted(plain)
    assert [line for line, _ in rows] != sorted(line for line, _ in rows)


@pytest.mark.usefixtures("window_bytes")
def test_the_same_file_gives_the_same_chunks(tmp_path: Path) -> None:
    path = written(tmp_path / "people.csv", table(3, rows=600))

    assert messages(path) == messages(path)


@pytest.mark.usefixtures("window_bytes")
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
