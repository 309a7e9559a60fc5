import pytest

from services.watcher.claiming.discovery import Entry
from services.watcher.claiming.eligibility import Markers, digest_in, is_marker

DIGEST = "0f" * 32


def entry(path: str, *, changed: float = 1.0, is_file: bool = True) -> Entry:
    return Entry(path=path, kind="file" if is_file else "other", size_bytes=9, modified_at=1.0, changed_at=changed)


@pytest.mark.parametrize("path", ["people.csv.done", "people/x.csv.sha256", "PEOPLE.CSV.DONE", "alone.sha256"])
def test_a_marker_is_known_by_its_ending(path: str) -> None:
    assert is_marker(path)


@pytest.mark.parametrize("path", ["people.csv", "done", "done.csv", "people.sha256.csv"])
def test_other_names_are_no_markers(path: str) -> None:
    assert not is_marker(path)


def test_a_marker_as_new_as_its_file_says_that_it_is_whole() -> None:
    files = [entry("a.csv"), entry("b.csv"), entry("people/a.csv")]
    markers = Markers.among([*files, entry("a.csv.done")])

    assert markers.done(files) == {"a.csv"}


def test_a_marker_that_is_older_than_the_file_was_that_of_another_file() -> None:
    file = entry("a.csv", changed=2.0)

    assert Markers.among([entry("a.csv.done", changed=1.9)]).done([file]) == set()
    assert Markers.among([entry("a.csv.done", changed=2.0)]).done([file]) == {"a.csv"}


def test_a_link_is_no_marker() -> None:
    assert Markers.among([entry("a.csv.done", is_file=False)]).done([entry("a.csv")]) == set()


def test_a_digest_may_be_older_than_the_file() -> None:
    marker = entry("a.csv.sha256", changed=1.0)

    assert Markers.among([marker]).of(entry("a.csv", changed=2.0), "sha256") == marker


@pytest.mark.parametrize(
    "content",
    [
        DIGEST,
        f"{DIGEST}\n",
        f"{DIGEST}  people.csv\n",
        f"{DIGEST} *people.csv\r\n",
        f"\\{DIGEST}  a\\nb",
        DIGEST.upper(),
    ],
)
def test_a_digest_is_read_as_sha256sum_writes_it(content: str) -> None:
    assert digest_in(content.encode()) == DIGEST


@pytest.mark.parametrize("content", ["", DIGEST[1:], f"{DIGEST}0", f"SHA256 ({DIGEST})", "people.csv"])
def test_anything_else_is_no_digest(content: str) -> None:
    assert digest_in(content.encode()) is None
