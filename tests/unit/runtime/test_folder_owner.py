from pathlib import Path

import pytest

from shared.model.errors import FolderTaken
from shared.runtime.files import DataFolder
from shared.runtime.folder_owner import Owner, own_folder, require_own_folder
from tests.support.plants import Plant, assert_untouched, make_secret, planted

OURS = Owner(installation_id="a" * 32, database="db:3306/inflow")
EMPTIED = Owner(installation_id="b" * 32, database="db:3306/inflow")
MOVED = Owner(installation_id="a" * 32, database="db2:3306/inflow")
OTHER = Owner(installation_id="c" * 32, database="db3:3306/inflow")


@pytest.mark.parametrize("later", [OURS, EMPTIED, MOVED], ids=["the same", "database emptied", "database moved"])
def test_a_folder_stays_with_its_installation(tmp_path: Path, later: Owner) -> None:
    folder = DataFolder(tmp_path)
    own_folder(folder, OURS)

    own_folder(folder, later)

    with pytest.raises(FolderTaken):
        own_folder(folder, OTHER)


def test_another_installation_is_refused_with_the_owner_and_a_remedy(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    own_folder(folder, OURS)

    with pytest.raises(FolderTaken) as taken:
        own_folder(folder, OTHER)

    assert f"another installation, {OURS.installation_id} with the database db:3306/inflow" in str(taken.value)
    assert f"remove {tmp_path / '.installation'}" in str(taken.value)


def test_another_installation_may_use_the_folder_after_the_remedy(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    own_folder(folder, OURS)
    (tmp_path / ".installation").unlink()

    own_folder(folder, OTHER)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"installation_id": "x"}', b"null"])
def test_a_file_that_inflow_did_not_write_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".installation").write_bytes(content)

    with pytest.raises(FolderTaken, match="was not written by Inflow"):
        own_folder(DataFolder(tmp_path), OURS)


@planted
def test_a_planted_link_is_ignored_and_replaced(tmp_path: Path, plant: Plant) -> None:
    secret, folder = make_secret(tmp_path), DataFolder(tmp_path)
    plant(tmp_path / ".installation", secret)

    own_folder(folder, OURS)

    assert not (tmp_path / ".installation").is_symlink()
    assert require_own_folder(folder, OURS) == OURS
    assert_untouched(secret)
