"""Tests of the checker: it accepts a correct end state and reports each kind of planted error."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from threading import Event

import pytest
from sqlalchemy import URL, text

from services.aggregator.aggregator import Aggregator
from services.writer.relay import Relay
from shared.configuration.catalog import load_catalog
from shared.runtime.files import DataFolder
from shared.storage.database import Database
from shared.storage.kept_counts import kept_counts
from shared.storage.store import Store, open_store
from tests.support.pipeline import Pipeline
from verification.checker import problems
from verification.drops import Drop, draw_drops
from verification.summary_watch import SummaryWatch

#: Generates a file of each kind: bad rows, refused, repeated, inferred members left at the end.
SEED = 113


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """The end state of a data folder, and the files that were dropped into it."""

    drops: Sequence[Drop]
    store: Store
    folder: DataFolder

    def problems(self, *, depth: int = 0, dead_letters: Sequence[str] = ()) -> list[str]:
        return problems(
            drops=self.drops,
            store=self.store,
            folder=self.folder,
            queue_depths={"inflow.writer": depth},
            dead_letters=dead_letters,
        )

    def change(self, statement: str) -> None:
        """Change at least one row directly in the database."""
        with self.store.transaction() as connection:
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
            assert connection.execute(text(statement)).rowcount > 0


@pytest.fixture(scope="module")
def drops() -> list[Drop]:
    return draw_drops(Random(SEED), count=12, most_rows=12)


@pytest.fixture(scope="module")
def right_root(drops: list[Drop], tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("right")
    with closing(Pipeline(root)) as pipeline:
        for drop in drops:
            # One after the other: the checker can verify less of loads that overlap.
            pipeline.drop(drop.name, drop.content)
            pipeline.finish()
        store = pipeline.store
        Relay(store, pipeline.queue).run_once()
        Aggregator(folder=pipeline.folder, store=store, stop=Event()).recompute()
    return root


@pytest.fixture
def end(drops: list[Drop], right_root: Path, tmp_path: Path) -> Iterator[End]:
    folder = DataFolder(tmp_path / "data")
    shutil.copytree(right_root, folder.root)
    with closing(Database(URL.create("sqlite", database=str(folder.database)))) as database:
        yield End(drops=drops, store=open_store(database, load_catalog(None)), folder=folder)


def test_the_checker_accepts_a_correct_end_state(end: End) -> None:
    assert end.problems() == []


def test_the_workload_has_files_of_every_kind(end: End) -> None:
    assert {drop.dataset for drop in end.drops} >= {"people", "places"}
    assert any(drop.refused for drop in end.drops)
    assert len({drop.content for drop in end.drops}) < len(end.drops)
    end.change("UPDATE places SET county = county WHERE _inferred = 1")
    end.change("UPDATE inflow_rejects SET code = code")
    end.change("UPDATE people SET place_of_birth = place_of_birth WHERE _changed_load < _asserted_load")


ONE_PERSON = "(SELECT min(rowid) FROM people)"
ONE_STATED_PLACE = "(SELECT min(rowid) FROM places WHERE _inferred = 0)"
ONE_LOAD = "(SELECT min(load_id) FROM inflow_loads WHERE state = 'archived' AND row_count > 3)"
COUNTED = kept_counts(load_catalog(None))[0].name
ONE_REFUSED = "(SELECT min(load_id) FROM inflow_loads WHERE state = 'refused')"

WRONG_IN_THE_DATABASE = {
    f"DELETE FROM people WHERE rowid = {ONE_PERSON}": "people lacks the row",
    f"INSERT INTO people SELECT 'Nobody', family_name, date_of_birth, place_of_birth, _asserted_load, _asserted_line,"
    f" _changed_load, _changed_line, _before FROM people WHERE rowid = {ONE_PERSON}": "a row that nothing states",
    f"UPDATE people SET place_of_birth = (SELECT max(city) FROM places WHERE city <> place_of_birth)"
    f" WHERE rowid = {ONE_PERSON}": "has the values",
    f"UPDATE places SET county = 'Elsewhere' WHERE rowid = {ONE_STATED_PLACE}": "has the values",
    f"UPDATE people SET _asserted_line = _asserted_line + 1 WHERE rowid = {ONE_PERSON}": "was last asserted by",
    f"UPDATE people SET _changed_line = 1 WHERE rowid = {ONE_PERSON}": "says it was changed by",
    "UPDATE people SET _changed_load = 10000": "says it was changed by",
    f"UPDATE places SET _inferred = 1 WHERE rowid = {ONE_STATED_PLACE}": "is marked as inferred",
    "UPDATE places SET _inferred = 0 WHERE _inferred = 1": "is not marked as inferred",
    "UPDATE places SET _changed_load = 1 WHERE _inferred = 1": "is inferred, and yet changed",
    f"UPDATE inflow_loads SET unchanged = unchanged + 1 WHERE load_id = {ONE_LOAD}": "accounts for",
    f"UPDATE inflow_loads SET superseded = superseded + 1, inserted = inserted - 1"
    f" WHERE load_id = {ONE_LOAD}": "rows count as inserted",
    f"UPDATE inflow_loads SET updated = updated + 1, unchanged = unchanged - 1"
    f" WHERE load_id = {ONE_LOAD}": "has the accounts",
    f"UPDATE inflow_loads SET superseded = superseded + 1, unchanged = unchanged - 1"
    f" WHERE load_id = {ONE_LOAD}": "has the accounts",
    f"UPDATE inflow_loads SET rejected = rejected + 1, unchanged = unchanged - 1"
    f" WHERE load_id = {ONE_LOAD}": "rejected",
    f"UPDATE inflow_loads SET rows_done = rows_done - 1 WHERE load_id = {ONE_LOAD}": "of them done",
    f"UPDATE inflow_loads SET row_count = row_count + 1 WHERE load_id = {ONE_LOAD}": "a manifest of",
    f"UPDATE inflow_loads SET state = 'published' WHERE load_id = {ONE_LOAD}": "is published",
    f"UPDATE inflow_loads SET reason = 'not-moved' WHERE load_id = {ONE_LOAD}": "not-moved; expected archived, None",
    f"UPDATE inflow_loads SET reason = 'missing' WHERE load_id = {ONE_REFUSED}": "is refused, missing",
    f"UPDATE inflow_loads SET dataset = 'cities' WHERE load_id = {ONE_LOAD}": "is of the dataset cities",
    f"UPDATE inflow_loads SET header = '[]' WHERE load_id = {ONE_LOAD}": "has the header",
    f"UPDATE inflow_loads SET completed_at = NULL WHERE load_id = {ONE_LOAD}": "no time of completion",
    f"UPDATE inflow_loads SET summarised_at = NULL WHERE load_id = {ONE_LOAD}": "no summary includes it",
    f"DELETE FROM inflow_loads WHERE load_id = {ONE_LOAD}": "was dropped and has no load",
    f"INSERT INTO inflow_loads (load_id, file, state, size_bytes) SELECT 99, file, state, 1 FROM inflow_loads"
    f" WHERE load_id = {ONE_LOAD}": "not dropped so often",
    f"DELETE FROM inflow_chunks WHERE load_id = {ONE_LOAD} AND first_row = 0": "a gap or an overlap",
    f"UPDATE inflow_chunks SET row_count = row_count + 1 WHERE load_id = {ONE_LOAD} AND first_row = 0": "a gap or an",
    f"DELETE FROM inflow_chunks WHERE load_id = {ONE_LOAD} AND first_row > 0": "ends at row",
    "INSERT INTO inflow_chunks VALUES (98, 0, 3)": "which is not in the ledger",
    "DELETE FROM inflow_rejects WHERE rowid = (SELECT min(rowid) FROM inflow_rejects)": "must be rejected and is not",
    f"INSERT INTO inflow_rejects (load_id, line, code, message, raw)"
    f" VALUES ({ONE_LOAD}, 999, 'extra-cell', '-', '')": "is rejected and must not be",
    "UPDATE inflow_rejects SET healed_by = 97": "is healed by 97; expected None",
    "UPDATE inflow_rejects SET code = 'other' WHERE rowid = (SELECT min(rowid) FROM inflow_rejects)": "must be reje",
    f"INSERT INTO inflow_outbox VALUES ({ONE_LOAD}, 'people', '2024-01-01 00:00:00')": "still in the outbox",
    f"UPDATE {COUNTED} SET _row_count = _row_count + 1 WHERE rowid = (SELECT min(rowid) FROM {COUNTED})": "keeps",
    f"DELETE FROM {COUNTED} WHERE rowid = (SELECT min(rowid) FROM {COUNTED})": "keeps 0 of",
    f"INSERT INTO inflow_count_deltas VALUES (98, 0, 0, 'people', '{{\"{COUNTED}\": [[\"Nowhere\", 1]]}}')": "keeps 1",
    "DELETE FROM inflow_counts": "is not built",
    "INSERT INTO inflow_inbox VALUES ('x.csv', 'settling', 'settling', '-', '2024-01-01 00:00:00')": "waits in the",
}


@pytest.mark.parametrize(("statement", "named"), WRONG_IN_THE_DATABASE.items(), ids=range(len(WRONG_IN_THE_DATABASE)))
def test_each_error_in_the_database_is_reported(end: End, statement: str, named: str) -> None:
    end.change(statement)
    assert any(named in problem for problem in end.problems()), end.problems()


def in_place(folder: Path, pattern: str) -> Path:
    """Return the first file of this kind."""
    return min(folder.glob(pattern))


def remove(folder: Path, pattern: str) -> None:
    in_place(folder, pattern).unlink()


def append(folder: Path, pattern: str) -> None:
    path = in_place(folder, pattern)
    path.write_bytes(path.read_bytes() + b"more\n")


def change_reason(folder: DataFolder) -> None:
    path = in_place(folder.rejected, "*.reason.txt")
    path.write_text(path.read_text().replace("reason: ", "reason: not "))


def change_one_code(folder: DataFolder) -> None:
    path = in_place(folder.rejected, "p*.csv.*.csv")
    path.write_text(path.read_text().replace("-error,", "-mistake,").replace("-cell,", "-mistake,"))


WRONG_IN_THE_FOLDER: dict[str, Callable[[DataFolder], object]] = {
    "inbox/ still holds x": lambda folder: (folder.inbox / "x").touch(),
    "processing/ still holds x": lambda folder: (folder.processing / "x").touch(),
    "archive/ has x": lambda folder: (folder.archive / "x").touch(),
    "archive/ lacks people": lambda folder: remove(folder.archive, "people*"),
    "is not what was dropped": lambda folder: append(folder.archive, "people*"),
    "rejected/ has x": lambda folder: (folder.rejected / "x").touch(),
    "rejected/ has .inflow-": lambda folder: (folder.rejected / ".inflow-0123456789abcdef.tmp").touch(),
    "was left in the data folder": lambda folder: (folder.root / ".inflow-0123456789abcdef.tmp").touch(),
    "rejected/ lacks": lambda folder: remove(folder.rejected, "p*[0-9].csv"),
    "has the rows": change_one_code,
    "has the header": lambda folder: in_place(folder.rejected, "p*.csv.*.csv").write_text("a,b\n"),
    "does not say": change_reason,
    "the rejected rows of load": lambda folder: remove(folder.rejected, "p*.csv.*.csv"),
    "summary_output.json is": lambda folder: append(folder.root, "summary_output.json"),
    "summary_output.json is None": lambda folder: remove(folder.root, "summary_output.json"),
}


@pytest.mark.parametrize("named", WRONG_IN_THE_FOLDER)
def test_each_error_in_the_folder_is_reported(end: End, named: str) -> None:
    WRONG_IN_THE_FOLDER[named](end.folder)
    assert any(named in problem for problem in end.problems()), end.problems()


def test_a_queue_that_is_not_empty_is_reported(end: End) -> None:
    assert end.problems(depth=2) == ["the queue inflow.writer still holds 2 messages"]


def test_a_dead_letter_is_reported_with_its_reason(end: End) -> None:
    assert end.problems(dead_letters=["MalformedMessage: -"]) == ["a message is dead-lettered: MalformedMessage: -"]


def test_a_file_lost_before_its_claim_is_reported(end: End) -> None:
    lost = replace(end.drops[0], name="people-9999.csv")
    found = replace(end, drops=[*end.drops, lost]).problems()
    assert found == ["people-9999.csv was dropped and has no load"]


def test_files_dropped_under_the_same_name_are_matched_by_order(end: End) -> None:
    """The k-th load of a name belongs to its k-th drop: in the wrong order, the contents differ."""
    first, second = [drop for drop in end.drops if drop.dataset == "people" and drop.rows][:2]
    renamed = [replace(drop, name=first.name) if drop is second else drop for drop in end.drops]
    end.change(f"UPDATE inflow_loads SET file = '{first.name}' WHERE file = '{second.name}'")
    number = next(path.name.split(".")[-2] for path in end.folder.archive.glob(f"{Path(second.name).stem}.*"))
    old = end.folder.archive / f"{Path(second.name).stem}.{number}.csv"
    old.rename(end.folder.archive / f"{Path(first.name).stem}.{number}.csv")
    for path in end.folder.rejected.glob(f"{second.name}.*"):
        path.rename(end.folder.rejected / path.name.replace(second.name, first.name))

    assert replace(end, drops=renamed).problems() == []
    assert replace(end, drops=renamed[::-1]).problems() != []


def watch(*contents: bytes | None, only_adds: bool = False) -> list[str]:
    watching = SummaryWatch(only_adds)
    for content in contents:
        watching.look(content)
    assert watching.looks == len(contents)
    return watching.problems


def test_a_growing_summary_is_accepted() -> None:
    assert watch(None, None, b"{}", b'{"A":1}', b'{"A":2,"B":2}', b'{"A":2,"B":2}', only_adds=True) == []


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", "not JSON"),
        (b'{"A":1', "not JSON"),
        (b"\xff", "not JSON"),
        (b"[]", "not an object of counts"),
        (b'{"A":0}', "not an object of counts"),
        (b'{"A":"1"}', "not an object of counts"),
        (b'{"A":1,"B":2}', "not in order"),
        (b'{"B":1,"A":1}', "not in order"),
        (None, "is gone"),
    ],
)
def test_an_incomplete_summary_is_reported(content: bytes | None, named: str) -> None:
    found = watch(b'{"A":1}', content)
    assert len(found) == 1
    assert named in found[0]


@pytest.mark.parametrize("later", [{"A": 1}, {"B": 9}, {}])
def test_a_falling_count_is_reported_if_files_only_add(later: dict[str, int]) -> None:
    contents = (b'{"A":2}', json.dumps(later).encode())
    assert watch(*contents) == []
    assert len(watch(*contents, only_adds=True)) == 1


@pytest.mark.parametrize("seed", range(5))
def test_a_seed_always_gives_the_same_drops(seed: int) -> None:
    assert draw_drops(Random(seed), count=8, most_rows=9) == draw_drops(Random(seed), count=8, most_rows=9)
