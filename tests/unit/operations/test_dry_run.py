"""The dry run of a file: its dataset, and the findings up to the point where reading ended."""

import io
from dataclasses import replace

import pytest

from shared.model.datasets import NOTHING_FIXED, Dataset, ReadSettings
from shared.model.errors import FileRefused, RequestError
from shared.operations.dry_run import Findings, check_file, choose_dataset
from tests.support.catalogs import default_catalog

CATALOG = default_catalog()
PLACES = CATALOG.datasets["places"]
HEADER = b"city,county,country\n"


def checked(content: bytes, dataset: Dataset | FileRefused = PLACES, fixed: ReadSettings = NOTHING_FIXED) -> Findings:
    return check_file(io.BytesIO(content), dataset, fixed)


def test_the_dataset_is_the_named_one_else_the_one_that_the_file_name_matches() -> None:
    assert choose_dataset(CATALOG, name="places", file="people.csv") == PLACES
    assert choose_dataset(CATALOG, name=None, file="people.csv") == CATALOG.datasets["people"]


def test_why_a_file_has_no_dataset_is_one_of_the_findings() -> None:
    refusal = choose_dataset(CATALOG, name=None, file="animals.csv")
    assert isinstance(refusal, FileRefused)

    found = checked(b"a,b\n1,2\n", refusal)

    assert (found.dataset, found.names, found.header, found.row_count) == (None, ["a", "b"], None, 0)
    assert found.refusal == ("no-dataset", str(refusal))


def test_a_dataset_that_is_not_there_can_not_be_chosen() -> None:
    with pytest.raises(RequestError, match="no dataset 'animals'; expected one of places, people"):
        choose_dataset(CATALOG, name="animals", file="people.csv")


def test_a_sound_file_is_counted_and_its_first_rows_are_typed() -> None:
    found = checked(HEADER + b"".join(b"City %d,,Country\n" % number for number in range(1500)))

    assert (found.is_sound, found.row_count, found.rejected_count) == (True, 1500, 0)
    assert found.first_rows[0] == (2, ("City 0", None, "Country"))
    assert len(found.first_rows) == 5
    assert found.account is not None
    assert (found.account.lines, found.account.rows) == (1501, 1500)


def test_rejected_rows_are_all_counted_and_the_first_hundred_kept() -> None:
    found = checked(HEADER + b"Weir,County,Country\n" + b",County,Country\n" * 2500)

    assert (found.is_sound, found.refusal) == (False, None)
    assert (found.row_count, found.rejected_count, len(found.rejections)) == (2501, 2500, 100)
    assert [rejection.line for rejection in found.rejections] == list(range(3, 103))


def test_a_refused_file_has_the_findings_from_before() -> None:
    found = checked(b"town,county\nWeir,County\n")

    assert found.refusal is not None
    assert found.refusal[0] == "missing-label"
    assert found.plan is not None
    assert (found.names, found.header, found.account) == (["town", "county"], None, None)


def test_text_that_was_garbled_before_is_pointed_out_once_for_each_column() -> None:
    garbled = "Süd,West\n".encode().decode("cp1252").encode()
    found = checked(HEADER + garbled.replace(b",", b",,") * 3)

    [remark] = found.remarks
    assert (remark.column, remark.count, remark.line, remark.meant) == ("city", 3, 2, "Süd")


def test_fixed_settings_take_precedence_over_those_of_the_dataset() -> None:
    dataset = replace(PLACES, read=ReadSettings(delimiter=","))

    assert checked(b"city;county;country\nWeir;;Land\n", dataset).refusal is not None
    assert checked(b"city;county;country\nWeir;;Land\n", dataset, ReadSettings(delimiter=";")).is_sound
