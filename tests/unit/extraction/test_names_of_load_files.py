import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.extraction.chunks import ChunkBounds
from shared.extraction.load_files import ClaimedName, displayed, new_token, number_of, shortened

#: Names as folders have them: any bytes but NUL and the slash, 255 at most; those that are not UTF-8 too.
NAMES = (
    st.binary(min_size=1, max_size=255)
    .map(lambda name: name.replace(b"\0", b"0").replace(b"/", b"1"))
    .filter(lambda name: name not in {b".", b".."})
    .map(os.fsdecode)
)
#: Names as users have them, dots and numbers in every place. A name that begins with a dot is never claimed.
USUAL_NAMES = st.text("a1.", min_size=1, max_size=12).filter(lambda name: not name.startswith("."))
LOAD_IDS = st.integers(1, 10**12 - 1)


def claimed_name(
    *,
    load_id: int = 12,
    token: str = "0123456789abcdef",
    dataset: str | None = "people",
    bounds: ChunkBounds | None = None,
    original: str = "people.csv",
) -> ClaimedName:
    return ClaimedName(
        load_id=load_id, token=token, dataset=dataset, bounds=bounds or ChunkBounds(5000, 524_288), original=original
    )


def test_a_claimed_name_says_all_that_a_restart_needs() -> None:
    assert str(claimed_name()) == "0000000012.0123456789abcdef.people.5000r524288b.people.csv"
    assert str(claimed_name(dataset=None)) == "0000000012.0123456789abcdef.-.5000r524288b.people.csv"


def test_a_name_of_a_version_without_tokens_is_read_too() -> None:
    assert ClaimedName.parse("0000000012.people.5000r524288b.people.csv") == claimed_name(token="")


def test_tokens_differ_and_are_read_back() -> None:
    tokens = {new_token() for _ in range(100)}

    assert len(tokens) == 100
    for token in tokens:
        assert ClaimedName.parse(str(claimed_name(token=token))) == claimed_name(token=token)


@given(
    LOAD_IDS,
    st.sampled_from(["", "0123456789abcdef", "abcdefabcdefabcd"]),
    st.none() | st.from_regex(r"[a-z][a-z0-9_]{0,62}", fullmatch=True),
    st.builds(ChunkBounds, st.integers(1, 10**9), st.integers(1, 10**9)),
    NAMES,
)
def test_every_claimed_name_reads_back_and_fits_a_folder(
    load_id: int, token: str, dataset: str | None, bounds: ChunkBounds, name: str
) -> None:
    claimed = claimed_name(load_id=load_id, token=token, dataset=dataset, bounds=bounds, original=shortened(name))

    assert ClaimedName.parse(str(claimed)) == claimed
    assert number_of(str(claimed)) == load_id
    for target in (str(claimed), f"{claimed.finished}.reason.txt", claimed.rejects):
        assert len(os.fsencode(target)) <= 255


@pytest.mark.parametrize(
    "name",
    [
        "people.csv",
        "",
        "12.people.5000r524288b.people.csv",
        "00000000012.people.5000r524288b.people.csv",
        "٠٠٠٠٠٠٠٠١٢.people.5000r524288b.people.csv",
        "0000000012.People.5000r524288b.people.csv",
        "0000000012.people.5000.people.csv",
        "0000000012.people.05000r524288b.people.csv",
        "0000000012.people.5000r524288b.",
        "0000000012.people.5000r524288b",
        " 0000000012.people.5000r524288b.people.csv",
    ],
)
def test_a_name_that_is_not_ours_is_none(name: str) -> None:
    assert ClaimedName.parse(name) is None


@pytest.mark.parametrize(
    ("original", "finished", "rejects"),
    [
        ("people.csv", "people.12.csv", "people.csv.12.csv"),
        ("people", "people.12", "people.12.csv"),
        ("people.2024.csv", "people.2024.12.csv", "people.2024.csv.12.csv"),
        ("people.2024", "people.12.2024", "people.2024.12.csv"),
        ("2024", "2024.12", "2024.12.csv"),
        ("a\nb.csv", "a\nb.12.csv", "a\nb.csv.12.csv"),
    ],
)
def test_a_finished_file_has_its_number_before_the_ending(original: str, finished: str, rejects: str) -> None:
    claimed = claimed_name(original=original)

    assert (claimed.finished, claimed.rejects) == (finished, rejects)


@given(LOAD_IDS, USUAL_NAMES | NAMES.filter(lambda name: not name.startswith(".")))
def test_the_number_is_found_in_the_names_of_finished_files(load_id: int, name: str) -> None:
    claimed = claimed_name(load_id=load_id, original=shortened(name))

    assert number_of(claimed.finished) == load_id
    assert number_of(claimed.rejects) == load_id


@pytest.mark.parametrize(
    "name", ["", "people.csv", ".gitkeep", "readme", "people.12.csv.reason.txt", "a.1234567890123"]
)
def test_a_name_without_a_number_has_the_number_0(name: str) -> None:
    assert number_of(name) == 0


def test_a_name_that_is_short_enough_stays() -> None:
    name = "é" * 63 + ".csv"

    assert shortened(name) == name


@pytest.mark.parametrize(
    ("name", "short"),
    [
        pytest.param("x" * 251 + ".csv", "x" * 126 + ".csv", id="ascii"),
        pytest.param("xé" * 83 + ".csv", "xé" * 42 + ".csv", id="whole characters, exactly"),
        pytest.param("é" * 125 + ".json", "é" * 62 + ".json", id="half a character left out"),
        pytest.param("x" * 255, "x" * 130, id="no ending"),
        pytest.param("x" * 200 + "." + "y" * 40, "x" * 130, id="too long to be an ending"),
        pytest.param("\udcff" * 251 + ".csv", "\udcff" * 126 + ".csv", id="not UTF-8"),
    ],
)
def test_a_long_name_keeps_its_ending(name: str, short: str) -> None:
    assert shortened(name) == short


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=130, max_size=255))
def test_a_shortened_name_is_still_unicode(name: str) -> None:
    short = shortened(name)

    assert len(os.fsencode(short)) <= 130
    assert short.encode().decode() == short


@given(NAMES)
def test_a_displayed_name_has_no_control_characters(name: str) -> None:
    shown = displayed(name)

    assert shown.isprintable()
    assert shown.encode().decode() == shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("people/Zoë.csv", "people/Zoë.csv"),
        ("a\nb\x1b[31m.csv", r"a\nb\x1b[31m.csv"),
        ("M\udcfcller.csv", r"M\xfcller.csv"),
        ("a\u202eb", r"a\u202eb"),
    ],
)
def test_a_displayed_name_shows_what_it_escapes(name: str, shown: str) -> None:
    assert displayed(name) == shown
