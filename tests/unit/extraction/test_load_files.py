"""The files of loads, in their folders."""

from pathlib import Path

import pytest

from shared.extraction.chunks import ChunkBounds
from shared.extraction.load_files import ClaimedName, LoadFiles
from shared.runtime.files import DataFolder

BOUNDS = ChunkBounds(rows=10, bytes=100)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path)
    folder.create()
    return folder


def claim(folder: DataFolder, *, load_id: int = 7, name: str = "people.csv") -> ClaimedName:
    source = folder.inbox / name
    source.write_text(f"content of {load_id}")
    LoadFiles(folder).claim(source, load_id=load_id, dataset="people", bounds=BOUNDS)
    [claimed] = [each for each in LoadFiles(folder).claimed() if each.load_id == load_id]
    return claimed


def test_a_claimed_file_is_found_under_its_load(folder: DataFolder) -> None:
    claimed = claim(folder)
    (folder.processing / "note.txt").write_text("of a person")

    assert LoadFiles(folder).claimed() == [claimed]
    assert (claimed.dataset, claimed.bounds, claimed.original) == ("people", BOUNDS, "people.csv")
    assert LoadFiles(folder).path(claimed).read_text() == "content of 7"


def test_an_archived_file_is_opened_by_its_load_whatever_its_name(folder: DataFolder) -> None:
    """The ledger has the path below the inbox; a long name was shortened at the claim."""
    files = LoadFiles(folder)
    for load_id, name in ((7, "people.csv"), (8, f"{'long' * 50}.csv")):
        files.archive(claim(folder, load_id=load_id, name=name))

        with files.open_archived(load_id, f"people/{name}") as file:
            assert file.read() == f"content of {load_id}".encode()
    assert [number for number, _ in files.archived()] == [7, 8]


def test_what_was_moved_already_is_moved_no_second_time(folder: DataFolder) -> None:
    files, claimed = LoadFiles(folder), claim(folder)
    refused = claim(folder, load_id=8)
    for _ in range(2):
        files.archive(claimed)
        files.reject(refused, reason="blank-header", message="the file is empty")

    assert files.claimed() == []
    reason = (folder.rejected / "people.8.csv.reason.txt").read_text()
    assert reason == "people.csv: the file is empty\nreason: blank-header\nload: 8\n"


@pytest.mark.parametrize("left", ["archive", "rejected"])
def test_a_file_is_taken_back_from_where_it_was_moved_to(folder: DataFolder, left: str) -> None:
    files, claimed = LoadFiles(folder), claim(folder)
    files.path(claimed).rename(getattr(folder, left) / "people.7.csv")

    assert files.take_back(claimed, is_its_own=lambda _path: False) is None
    assert files.take_back(claimed, is_its_own=Path.exists) == left
    assert files.claimed() == [claimed]


def test_the_highest_number_is_that_of_any_folder(folder: DataFolder) -> None:
    files = LoadFiles(folder)
    assert files.highest_number() == 0
    files.archive(claim(folder, load_id=9))
    files.reject(claim(folder, load_id=12), reason=None, message=None)
    claim(folder, load_id=3)

    assert files.highest_number() == 12
