"""Files that are dropped again with few changes: only changed rows are published, and the tables are the same."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from shared.extraction.chunks import ChunkBounds
from shared.messaging.payloads import LoadExtracted, RowsExtracted
from tests.support.deliveries import accounts_of
from tests.support.model import Accounts, DroppedFile, Model
from tests.support.pipeline import AT_ONCE, PEOPLE, Pipeline, people

COMPARING = replace(AT_ONCE, compare_from_bytes=0)
HEADER = tuple(PEOPLE.strip().split(","))
Rows = Sequence[tuple[str, ...]]


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with closing(Pipeline(tmp_path, config=COMPARING)) as pipeline:
        yield pipeline


def load(pipeline: Pipeline, content: str, *, name: str = "people.csv") -> list[str]:
    """Drop a file, load it, and return the rows that were published for that, as lines."""
    before = len(pipeline.queue.published)
    pipeline.drop(name, content)
    pipeline.finish()
    chunks = [payload for payload in pipeline.queue.published[before:] if isinstance(payload, RowsExtracted)]
    return [",".join(cells) for chunk in chunks for cells in chunk.rows]


def published_lines(pipeline: Pipeline) -> list[int]:
    chunks = [payload for payload in pipeline.queue.published if isinstance(payload, RowsExtracted)]
    return [line for chunk in chunks for line in chunk.lines]


def accounts(pipeline: Pipeline) -> Accounts:
    return accounts_of(pipeline.loads()[-1])


def test_a_file_that_is_dropped_again_is_not_published_again(pipeline: Pipeline) -> None:
    load(pipeline, people(20))

    assert load(pipeline, people(20)) == []
    assert accounts(pipeline) == Accounts(read=20, unchanged=20)
    [*_, manifest] = [each for each in pipeline.queue.published if isinstance(each, LoadExtracted)]
    assert (manifest.row_count, manifest.unchanged_count) == (20, 20)


def test_only_changed_rows_are_published_with_their_own_lines(pipeline: Pipeline) -> None:
    load(pipeline, people(20))
    edited = people(20).replace("Given 7,Stone,1900-01-01,Weir", "Given 7,Stone,1900-01-01,Ayr")

    assert load(pipeline, edited + "Given 20,Stone,1900-01-01,Ayr\n") == [
        "Given 20,Stone,1900-01-01,Ayr",
        "Given 7,Stone,1900-01-01,Ayr",
    ]
    assert accounts(pipeline) == Accounts(read=21, inserted=1, updated=1, unchanged=19)
    assert published_lines(pipeline)[-2:] == [22, 9]


def test_changed_rows_come_in_the_order_of_their_keys(pipeline: Pipeline) -> None:
    """The last line of the file is not the last one then, and may have had no end."""
    rows = [f"Given {number},Stone,1900-01-01,Weir" for number in reversed(range(10))]
    load(pipeline, PEOPLE + "\n".join(rows))

    edited = PEOPLE + "\n".join(row.replace("Weir", "Ayr") for row in rows)

    assert load(pipeline, edited) == sorted(edited.splitlines()[1:])
    assert accounts(pipeline) == Accounts(read=10, updated=10)


@pytest.mark.parametrize("seed", range(5))
def test_rows_may_follow_a_last_line_that_had_no_end(pipeline: Pipeline, seed: int) -> None:
    rows = random.Random(seed).sample(people(9).splitlines()[1:], 9)
    load(pipeline, PEOPLE + "\n".join(rows))

    edited = PEOPLE + "\n".join([*rows[3:], "Given 9,Stone,1900-01-01,Weir"])

    assert load(pipeline, edited) == [rows[-1], "Given 9,Stone,1900-01-01,Weir"]
    assert accounts(pipeline) == Accounts(read=7, inserted=1, unchanged=6)


def test_rows_may_move_and_go_without_being_published(pipeline: Pipeline) -> None:
    load(pipeline, people(20))
    header, *rows = people(20).splitlines(keepends=True)

    assert load(pipeline, header + "".join(reversed(rows[5:]))) == []
    assert accounts(pipeline) == Accounts(read=15, unchanged=15)


def test_a_rejected_row_is_rejected_again(pipeline: Pipeline) -> None:
    content = people(5) + "Eve,Stone,1900-02-30,Weir\n"
    load(pipeline, content)

    assert load(pipeline, content) == ["Eve,Stone,1900-02-30,Weir"]
    assert accounts(pipeline) == Accounts(read=6, unchanged=5, rejected=1)


def test_a_row_that_another_file_changed_meanwhile_is_set_back(pipeline: Pipeline) -> None:
    """G4: the last file wins, though it says what it said before."""
    load(pipeline, people(20))
    before = pipeline.table("people")
    load(pipeline, PEOPLE + "Given 3,Stone,1900-01-01,Ayr\n", name="people-late.csv")

    assert len(load(pipeline, people(20))) == 20
    assert accounts(pipeline) == Accounts(read=20, updated=1, unchanged=19)
    assert pipeline.table("people") == before


def test_a_changed_row_does_not_win_over_a_later_line_that_stayed(pipeline: Pipeline) -> None:
    load(pipeline, people(6))
    before = pipeline.table("people")
    header, *rows = people(6).splitlines(keepends=True)

    load(pipeline, header + "Given 5,Stone,1900-01-01,Ayr\n" + "".join(rows))

    assert pipeline.table("people") == before
    assert accounts(pipeline) == Accounts(read=7, unchanged=6, superseded=1)


def test_a_row_that_a_file_with_repeated_keys_changed_is_set_back(pipeline: Pipeline) -> None:
    """G4. Its first line says what the table has, in a chunk before that of the last one."""
    load(pipeline, people(6))
    before = pipeline.table("people")
    lines = [people(6).splitlines(keepends=True)[1], *people(5, family="New").splitlines(keepends=True)[1:]]
    load(pipeline, PEOPLE + "".join([*lines, "Given 0,Stone,1900-01-01,Ayr\n"]), name="people-late.csv")
    assert accounts(pipeline) == Accounts(read=7, inserted=5, updated=1, superseded=1)

    assert len(load(pipeline, people(6))) == 6
    assert accounts(pipeline) == Accounts(read=6, updated=1, unchanged=5)
    assert [row for row in pipeline.table("people") if row[1] == "Stone"] == before


def test_lines_of_one_key_that_changed_places_are_published(pipeline: Pipeline) -> None:
    """G4: inside a file the last line wins."""
    header, *rows = people(3).splitlines(keepends=True)
    rows.append("Given 0,Stone,1900-01-01,Ayr\n")
    load(pipeline, header + "".join(rows))

    assert len(load(pipeline, header + "".join(reversed(rows)))) == 4
    assert accounts(pipeline) == Accounts(read=4, updated=1, unchanged=2, superseded=1)
    assert {row[3] for row in pipeline.table("people")} == {"Weir"}


def test_a_file_with_repeated_keys_that_is_dropped_again_is_not_published_again(pipeline: Pipeline) -> None:
    content = people(3) + "Given 0,Stone,1900-01-01,Ayr\n" + "Eve,Stone,1900-02-30,Weir\n"
    load(pipeline, content)

    assert load(pipeline, content) == ["Eve,Stone,1900-02-30,Weir"]
    assert accounts(pipeline) == Accounts(read=5, unchanged=3, superseded=1, rejected=1)


@pytest.mark.parametrize("statement", ["DELETE FROM people", "DELETE FROM people WHERE given_name = 'Given 3'"])
def test_deleted_rows_are_restored(pipeline: Pipeline, statement: str) -> None:
    load(pipeline, people(20))
    before = pipeline.table("people")
    with pipeline.database.transaction() as connection:
        connection.exec_driver_sql(statement)

    load(pipeline, people(20))

    assert pipeline.table("people") == before


def test_an_archived_file_that_was_edited_is_not_compared_with(pipeline: Pipeline) -> None:
    load(pipeline, people(5))
    [archived] = pipeline.folder.archive.iterdir()
    archived.write_text(people(5).replace("Weir", "Ayr"))

    assert len(load(pipeline, people(5).replace("Weir", "Ayr"))) == 5
    assert accounts(pipeline) == Accounts(read=5, updated=5)


def _gone(archived: Path) -> None:
    archived.unlink()


def _linked(archived: Path) -> None:
    archived.rename(archived.with_name("elsewhere"))
    archived.symlink_to(archived.with_name("elsewhere"))


@pytest.mark.parametrize("spoil", [_gone, _linked])
def test_without_its_earlier_edition_a_file_is_published_whole(
    pipeline: Pipeline, spoil: Callable[[Path], None]
) -> None:
    load(pipeline, people(5))
    [archived] = pipeline.folder.archive.iterdir()
    spoil(archived)

    assert len(load(pipeline, people(5))) == 5


def test_a_watcher_that_is_started_again_publishes_the_same_changes(pipeline: Pipeline, tmp_path: Path) -> None:
    """Though the earlier edition is gone by then: the ledger says which rows are published."""
    load(pipeline, people(20))
    pipeline.drop("people.csv", people(20).replace("Weir", "Ayr", 7))
    pipeline.look()
    while len(pipeline.queue.published) < 10:
        pipeline.watcher.publish()
    for archived in pipeline.folder.archive.iterdir():
        archived.unlink()

    with closing(Pipeline(tmp_path, config=COMPARING)) as restarted:
        restarted.finish()

        assert accounts(restarted) == Accounts(read=20, updated=7, unchanged=13)
        assert published_lines(restarted) == [2, 3, 4, 5, 6, 7, 8]


def test_small_files_are_published_whole(tmp_path: Path) -> None:
    """It costs less than to look for what changed."""
    with closing(Pipeline(tmp_path, config=AT_ONCE)) as pipeline:
        load(pipeline, people(20))

        assert len(load(pipeline, people(20))) == 20


KEYS = [
    ("Ann", "Ash", "1901-01-01"),
    ("Ben", "B, C", "1902-02-02"),
    ("Cy", 'D"E', "1903-03-03"),
    ("José", "F", "1904-04-04"),
]
FAULTS = [("Dot", "G", "1905-02-30", "Ayr"), ("Eve", "H", "1906-01-01"), ("", "", "", "")]


def draw_rows(chance: random.Random, last: Rows) -> Rows:
    """Rows of few keys, so that they meet again; often much like the last ones."""
    rows = [row for row in last if chance.random() < 0.8] if chance.random() < 0.8 else []
    for _ in range(chance.randint(0, 4)):
        row = (*chance.choice(KEYS), chance.choice(("Ayr", "Weir", "")))
        rows.insert(chance.randint(0, len(rows)), row if chance.random() < 0.9 else chance.choice(FAULTS))
    if chance.random() < 0.7:
        rows = list({row[:3]: row for row in rows}.values())
    if chance.random() < 0.2:
        chance.shuffle(rows)
    return rows


def written(rows: Rows) -> str:
    quoted = [
        ",".join(f'"{cell.replace(chr(34), 2 * chr(34))}"' if set(cell) & {",", '"'} else cell for cell in row)
        for row in rows
    ]
    return PEOPLE + "".join(f"{line}\n" for line in quoted)


def play(pipeline: Pipeline, chance: random.Random) -> None:
    model = Model(pipeline.catalog)
    contents: list[Rows] = [()]
    for number in range(1, 9):
        rows = chance.choice(contents) if chance.random() < 0.3 else draw_rows(chance, contents[-1])
        contents.append(rows)
        lines = dict(enumerate(rows, start=2))
        expected = model.drop(DroppedFile(load_id=number, dataset="people", header=HEADER, rows=lines))

        load(pipeline, written(rows), name=chance.choice(("people.csv", "people-b.csv")))

        assert accounts(pipeline) == expected, (number, rows)
        stated = {row.values for row in model.tables["people"].values()}
        assert {tuple(map(str, row)) for row in pipeline.table("people")} == {
            tuple(map(str, values)) for values in stated
        }


@pytest.mark.parametrize("seed", range(150))
def test_any_editions_end_as_if_all_rows_were_published(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    bounds = ChunkBounds(rows=chance.choice((1, 2, 3, 100)), bytes=1 << 20)
    with closing(Pipeline(tmp_path, config=replace(COMPARING, bounds=bounds))) as pipeline:
        play(pipeline, chance)
