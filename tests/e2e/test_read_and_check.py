"""`inflow read` and `inflow check` as a user runs them, before anything is dropped."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from tests.support.command import REPOSITORY, Inflow
from tests.support.plants import Plant, assert_untouched, linked, make_secret

SAMPLES = REPOSITORY / "data" / "samples"
HEADER = ["given_name", "family_name", "date_of_birth", "place_of_birth"]
ANN, ZOE = ["Ann", "Ash", "1901-02-03", "Ayr"], ["Zoë", "O'Neil; Jr.", "1837-06-20", "Bath"]


@pytest.fixture
def inflow(tmp_path: Path) -> Inflow:
    return Inflow(tmp_path)


def written(path: Path, *rows: list[str], delimiter: str = ";", encoding: str = "cp1252") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([HEADER, *rows])
    return path


def test_read_gives_clean_csv_of_any_file(inflow: Inflow) -> None:
    path = written(inflow.root / "export.txt", ANN, ZOE)

    finished = inflow("read", str(path))

    assert finished.returncode == 0
    assert list(csv.reader(finished.stdout.splitlines())) == [HEADER, ANN, ZOE]
    assert "encoding cp1252, delimiter ';'" in finished.stderr


def test_read_ends_its_lines_as_rfc_4180_says(inflow: Inflow) -> None:
    path = written(inflow.root / "export.txt", ANN)

    finished = inflow("read", str(path), prefix=["sh", "-c", '"$@" >out.csv', "sh"])

    assert finished.returncode == 0
    assert (inflow.root / "out.csv").read_bytes() == b"".join(",".join(row).encode() + b"\r\n" for row in (HEADER, ANN))


def test_read_says_what_a_load_would_refuse(inflow: Inflow) -> None:
    path = inflow.root / "numbers.csv"
    path.write_text("1,5;2,5\n3,5;4,5\n5,5;6,5\n")

    finished = inflow("read", str(path))

    assert finished.returncode == 0
    assert "a load would refuse it: the delimiter is not clear: ',' or ';'" in finished.stderr


def test_read_does_not_write_rejects_over_the_file_that_it_reads(inflow: Inflow) -> None:
    path = written(inflow.root / "export.csv", ANN)
    before = path.read_bytes()

    finished = inflow("read", str(path), "--rejects", str(path))

    assert finished.returncode == 2
    assert "is the file to read" in finished.stderr
    assert path.read_bytes() == before


def with_a_bad_row(inflow: Inflow) -> str:
    return str(written(inflow.root / "export.csv", ANN, ["Bo", "Ash"], delimiter=","))


def test_rejects_replace_a_file_as_a_whole(inflow: Inflow) -> None:
    (inflow.root / "rejects.csv").write_text("what was rejected the last time\n" * 1000)
    finished = inflow("read", with_a_bad_row(inflow), "--rejects", "rejects.csv")

    assert finished.returncode == 0
    assert len((inflow.root / "rejects.csv").read_text().splitlines()) == 2
    assert not list(inflow.root.glob(".*"))


@linked
def test_rejects_are_not_written_through_a_link(inflow: Inflow, plant: Plant) -> None:
    secret = make_secret(inflow.root)
    plant(inflow.root / "rejects.csv", secret)
    finished = inflow("read", with_a_bad_row(inflow), "--rejects", "rejects.csv")

    assert (finished.returncode, finished.stderr.splitlines()[-1]) == (
        2,
        "rejects.csv is a link; name the file that is to be written",
    )
    assert_untouched(secret)


def test_rejects_may_go_into_a_pipe_or_a_device(inflow: Inflow) -> None:
    """Even behind a link, as /dev/stderr is one."""
    finished = inflow("read", with_a_bad_row(inflow), "--rejects", "/dev/stderr")

    assert finished.returncode == 0
    assert "file,line,code,message,raw" in finished.stderr
    assert inflow("read", "export.csv", "--rejects", "/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()


def test_check_puts_options_before_what_the_dataset_fixes(inflow: Inflow) -> None:
    config = inflow.root / "inflow.toml"
    config.write_text(
        '[datasets.guests]\nfiles = ["guests*"]\nkey = ["name"]\nread = { skip_lines = 1 }\n'
        'columns.name = { type = "text" }\ncolumns.born = { type = "date" }\n'
    )
    path = inflow.root / "guests.csv"
    path.write_text("name;born\nname,born\nAnn,1901-02-03\n")

    fixed = inflow("check", str(path), "--config", str(config), "--encoding", "utf-8")
    other = inflow("check", str(path), "--config", str(config), "--skip-lines", "0")

    assert fixed.returncode == 0
    assert other.returncode == 1


def test_signs_that_are_declared_for_texts_are_not_read_into_formats_with_numbers(inflow: Inflow) -> None:
    config = inflow.root / "inflow.toml"
    config.write_text(
        '[datasets.sums]\nfiles = ["sums*"]\nkey = ["id"]\ncolumns.id = { type = "integer" }\n'
        'columns.sum = { type = "decimal", decimal_char = ",", group_char = "." }\n'
    )
    (inflow.root / "sums.csv").write_text("id;sum\n1;1.234\n2;1.234,50\n")
    (inflow.root / "sums.json").write_text('[{"id": 1, "sum": 1.234}]')

    text = inflow("check", "sums.csv", "--config", str(config))
    numbers = inflow("check", "sums.json", "--config", str(config))

    assert (text.returncode, "2, 1234.5000" in text.stdout) == (0, True)
    assert numbers.returncode == 1
    assert "format-error: the dataset says how 'sum' is written in text" in numbers.stdout


def test_read_writes_rejected_rows_to_a_file_with_their_reasons(inflow: Inflow) -> None:
    path = inflow.root / "places.csv"
    path.write_text('city,county,country\nAyr,Ayrshire\nBath,"Somerset"x,England\nWick,Caithness,Scotland\n')

    finished = inflow("read", str(path), "--rejects", "rejects.csv")

    assert finished.stdout.splitlines() == ["city,county,country", "Wick,Caithness,Scotland"]
    with (inflow.root / "rejects.csv").open(newline="") as file:
        rejects = list(csv.DictReader(file))
    assert [(each["file"], each["line"], each["code"], each["raw"]) for each in rejects] == [
        (str(path), "2", "missing-cell", "Ayr,Ayrshire"),
        (str(path), "3", "dialect-error", 'Bath,"Somerset"x,England\n'),
    ]


def test_read_takes_what_it_is_told(inflow: Inflow) -> None:
    path = inflow.root / "export.txt"
    path.write_bytes("above\n'Zoë'|'it\\'s'\n1|2\n3|4\n".encode("latin-1"))

    options = ["--delimiter", "|", "--quote", "'", "--escape", "\\", "--encoding", "latin-1", "--skip-lines", "1"]
    finished = inflow("read", str(path), *options, "--header-lines", "0")

    assert finished.stdout.splitlines() == ["column_1,column_2", "Zoë,it's", "1,2", "3,4"]


def test_read_takes_an_escape_that_is_the_quote_as_a_doubled_quote(inflow: Inflow) -> None:
    path = inflow.root / "export.txt"
    path.write_text('a,b\n1,"say ""no"", twice"\n')

    finished = inflow("read", str(path), "--delimiter", ",", "--quote", '"', "--escape", '"')

    assert list(csv.reader(finished.stdout.splitlines())) == [["a", "b"], ["1", 'say "no", twice']]


def test_read_takes_a_pipe(inflow: Inflow) -> None:
    path = written(inflow.root / "export.txt", ANN)

    finished = inflow("read", "-", prefix=["sh", "-c", f'cat {path} | "$@"', "sh"])

    assert finished.stdout.splitlines() == [",".join(HEADER), ",".join(ANN)]


def test_of_a_truncated_file_read_shows_what_there_is_and_fails(inflow: Inflow) -> None:
    path = inflow.root / "places.csv"
    path.write_text("city,county,country\nAyr,Ayrshire,Scotland\nBath,Som")

    finished = inflow("read", str(path))

    assert finished.stdout.splitlines() == ["city,county,country", "Ayr,Ayrshire,Scotland"]
    assert (finished.returncode, "in the middle of line 3" in finished.stderr) == (1, True)


def test_of_an_empty_file_nothing_is_read(inflow: Inflow) -> None:
    (inflow.root / "empty.csv").touch()

    finished = inflow("read", "empty.csv")

    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "empty.csv: the file is empty\n")


def test_check_dry_runs_a_file(inflow: Inflow) -> None:
    written(inflow.root / "people.csv", ANN, ZOE)

    finished = inflow("check", "people.csv")

    assert finished.returncode == 0
    lines = finished.stdout.splitlines()
    assert "dataset     people" in lines
    assert "rows        2; 0 would be rejected" in lines
    assert "  line 3: Zoë, O'Neil; Jr., 1837-06-20, Bath" in lines


def test_check_names_rows_that_would_be_rejected(inflow: Inflow) -> None:
    written(inflow.root / "people.csv", ANN, ["Bob", "Birch", "soon", "Bath"])

    finished = inflow("check", "people.csv", "--json")
    report = json.loads(finished.stdout)

    assert finished.returncode == 1
    assert (report["rows"], report["rejected"], report["refused"]) == (2, 1, None)
    [rejection] = report["rejections"]
    assert (rejection["line"], rejection["column"], rejection["code"]) == (3, "date_of_birth", "type-error")


def test_check_says_why_a_file_would_be_refused(inflow: Inflow) -> None:
    (inflow.root / "people.csv").write_text("given_name,family_name\nAnn,Ash\n")
    (inflow.root / "people.csv.gz").write_bytes(gzip.compress(b"given_name\n" * 1000)[:-9])

    without, cut = inflow("check", "people.csv"), inflow("check", "people.csv.gz", "--json")

    assert (without.returncode, cut.returncode) == (1, 1)
    assert "refused     missing-label: the header lacks 'date_of_birth', 'place_of_birth'" in without.stdout
    assert json.loads(cut.stdout)["refused"]["code"] == "truncated-file"


def test_check_loads_nothing(inflow: Inflow) -> None:
    inflow("check", str(SAMPLES / "people.csv"))

    assert list(inflow.data.rglob("*")) == [inflow.inbox]


def test_check_points_out_text_that_was_garbled_before_it_was_written(inflow: Inflow) -> None:
    path = inflow.root / "people.csv"
    path.write_text(",".join(HEADER) + "\nAnn,MÃ¼ller,1901-02-03,Ayr\n", encoding="utf-8")

    shown = inflow("check", str(path))
    found = json.loads(inflow("check", str(path), "--json").stdout)["remarks"]

    assert shown.returncode == 0
    assert "remark      line 2 (family_name): double-encoded: 1 value" in shown.stdout
    assert "'MÃ¼ller' seems to mean 'Müller'" in shown.stdout
    assert [(remark["column"], remark["code"], remark["meant"]) for remark in found] == [
        ("family_name", "double-encoded", "Müller")
    ]


def test_check_and_profile_point_out_a_total_that_is_as_wide_as_the_rows(inflow: Inflow) -> None:
    path = inflow.root / "people.csv"
    path.write_text(",".join(HEADER) + "\nAnn,Lee,1901-02-03,Ayr\nTotal,1,,\n")

    shown = inflow("check", str(path)).stdout
    profiled = json.loads(inflow("profile", str(path), "--json").stdout)

    assert f"remark      line 3 ({HEADER[0]}): total-row: 1 value, it looks like a total" in shown
    assert "'Total, 1'\n" in shown
    assert [(finding["code"], finding["lines"]) for finding in profiled["columns"][0]["findings"]] == [
        ("total-row", [3])
    ]


def test_a_total_before_other_rows_is_not_pointed_out(inflow: Inflow) -> None:
    path = inflow.root / "people.csv"
    path.write_text(",".join(HEADER) + "\nTotal,Lee 2,1901-02-03,Ayr\nAnn,Lee,1901-02-03,Ayr\n")

    assert "total-row" not in inflow("check", str(path)).stdout + inflow("profile", str(path)).stdout
