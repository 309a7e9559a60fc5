import csv
import tracemalloc
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from inflow.sample_data.people_and_places import write_sample
from tests.support.oracle import expected_summary

COMMITTED = Path(__file__).parents[3] / "data" / "samples"
FILES = ("places.csv", "people.csv")
SCRIPTS = {"LATIN", "CYRILLIC", "GREEK", "GEORGIAN", "CJK", "ARABIC", "HEBREW", "DEVANAGARI"}


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "of a thousand"
    write_sample(folder, rows=1000, seed=1)
    return folder


def records(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


def bytes_of(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in FILES]


@pytest.mark.parametrize("name", FILES)
def test_the_committed_samples_are_what_the_generator_makes(thousand: Path, name: str) -> None:
    assert (COMMITTED / name).read_bytes() == (thousand / name).read_bytes()


def test_the_same_seed_gives_the_same_files_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("first", 7), ("again", 7), ("other", 8)):
        write_sample(tmp_path / name, rows=300, seed=seed)

    assert bytes_of(tmp_path / "first") == bytes_of(tmp_path / "again")
    assert (tmp_path / "first/people.csv").read_bytes() != (tmp_path / "other/people.csv").read_bytes()


@pytest.mark.parametrize("rows", [0, 1, 99, 100, 1000])
def test_people_csv_has_as_many_rows_as_asked_for(tmp_path: Path, rows: int) -> None:
    write_sample(tmp_path, rows=rows)

    assert len(records(tmp_path / "people.csv")) == rows


def test_nothing_but_the_two_files_is_left(thousand: Path) -> None:
    assert {path.name for path in thousand.iterdir()} == set(FILES)


@pytest.mark.parametrize(("rows", "places"), [(1, 10), (100, 18), (750, 122), (5000, 122)])
def test_few_people_have_few_places(tmp_path: Path, rows: int, places: int) -> None:
    write_sample(tmp_path, rows=rows)

    cities = [city for city, _county, _country in records(tmp_path / "places.csv")]
    assert len(set(cities)) == len(cities) == places


def test_only_the_namesake_has_the_key_of_another(tmp_path: Path) -> None:
    write_sample(tmp_path, rows=50_000)

    keys = Counter(tuple(person[:3]) for person in records(tmp_path / "people.csv"))
    assert {key: count for key, count in keys.items() if count > 1} == {("Kim", "Namesake", "1901-02-03"): 2}


@pytest.mark.parametrize("rows", [100, 1000, 20_000])
def test_the_odd_people_are_as_many_in_a_file_of_any_size(tmp_path: Path, rows: int) -> None:
    write_sample(tmp_path, rows=rows)

    people = records(tmp_path / "people.csv")
    known = {place[0] for place in records(tmp_path / "places.csv")}
    whole = [person for person in people if len(person) == 4]
    assert sorted(len(person) for person in people if len(person) != 4) == [3, 5]
    assert [person for person in whole if not all(person)] == [["", "Nameless", "1950-05-05", "Sea\nGate"]]
    assert [person[1] for person in whole if person[2] == "1837-02-30"] == ["Impossible"]
    assert sorted(person[3] for person in whole if person[3] not in known) == [
        "Nowhere-by-the-Sea",
        "Nowhere-by-the-Sea",
        "未知島",
    ]


def test_a_small_sample_has_no_odd_people(tmp_path: Path) -> None:
    write_sample(tmp_path, rows=99)

    people = records(tmp_path / "people.csv")
    known = {place[0] for place in records(tmp_path / "places.csv")}
    assert all(len(person) == 4 and all(person) and person[3] in known for person in people)


def test_values_hold_commas_quotes_and_newlines(thousand: Path) -> None:
    values = [value for name in FILES for record in records(thousand / name) for value in record]

    assert all(any(mark in value for value in values) for mark in (",", '"', "\n"))


def test_names_are_in_eight_scripts(thousand: Path) -> None:
    letters = {letter for person in records(thousand / "people.csv") for letter in person[0] if letter.isalpha()}

    assert {unicodedata.name(letter).split()[0] for letter in letters} >= SCRIPTS


def test_the_expected_summary_counts_everybody_but_the_bad_the_superseded_and_the_waiting(thousand: Path) -> None:
    counts = expected_summary(thousand)

    assert len(counts) == 8
    assert sum(counts.values()) == 1000 - 4 - 1 - 3
    assert list(counts.values()) == sorted(counts.values(), reverse=True)


def test_the_expected_summary_follows_the_rules_on_a_file_small_enough_to_count_by_hand(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("city,county,country\nA,,One\nB,,Two\nC,,Three\n")
    (tmp_path / "people.csv").write_text(
        "given_name,family_name,date_of_birth,place_of_birth\n"
        "Kim,Key,1901-01-01,A\n"
        "Lee,Low,1902-02-02,B\n"
        "Max,Mid,1903-03-03,A\n"
        "Bad,Day,1903-02-30,A\n"
        "Bad,Form,19030201,A\n"
        ",Empty,1903-02-01,A\n"
        "Too,Short,1903-02-01\n"
        "Too,Long,1903-02-01,A,more\n"
        "Far,Away,1903-02-01,D\n"
        "\n"
        "Kim,Key,1901-01-01,C\n"
        "Ned,New,1904-04-04,C\n"
    )

    assert list(expected_summary(tmp_path).items()) == [("Three", 2), ("One", 1), ("Two", 1)]


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    def peak_bytes(rows: int) -> int:
        tracemalloc.start()
        write_sample(tmp_path, rows=rows)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    # The calendar and one walk per pair of names are all there already with the smaller file.
    assert peak_bytes(80_000) < peak_bytes(20_000) + 1_000_000
