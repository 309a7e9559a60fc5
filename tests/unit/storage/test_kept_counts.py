"""The choice of the counts that are kept."""

from dataclasses import replace

import pytest

from shared.model.datasets import Catalog, Summary
from shared.storage.kept_counts import kept_count_of, kept_counts
from tests.support.catalogs import (
    catalog,
    column,
    composite_references,
    dataset,
    default_catalog,
    reference_in_key,
    reference_to_itself,
)


def counted(name: str, *path: str) -> Summary:
    return Summary(file="summary.json", format="json-object", count=name, by=path)


def columns_kept(wanted: Catalog, summary: Summary) -> tuple[str, ...] | None:
    count = kept_count_of(summary, wanted)
    return count.columns if count else None


def test_rows_are_counted_by_the_columns_of_the_first_step() -> None:
    assert columns_kept(composite_references(), counted("shops", "region", "name")) == ("land", "region")
    assert columns_kept(composite_references(), counted("shops", "land")) == ("land",)


def test_summaries_by_the_same_columns_share_their_count() -> None:
    summaries = (
        counted("people", "birthplace", "country"),
        counted("people", "birthplace", "county"),
        counted("people", "place_of_birth"),
        counted("people", "family_name"),
    )
    kept = kept_counts(replace(default_catalog(), summaries=summaries))

    assert [str(count) for count in kept] == ["people by place_of_birth", "people by family_name"]
    assert len({count.name for count in kept}) == len(kept)


@pytest.mark.parametrize(
    ("wanted", "summary"),
    [
        (default_catalog(), counted("places", "city")),
        (reference_in_key(), counted("rooms", "building", "address")),
        (reference_to_itself(), counted("staff", "name")),
    ],
)
def test_what_inferred_members_would_be_counted_by_is_not_kept(wanted: Catalog, summary: Summary) -> None:
    """The number of them that a chunk creates is not known."""
    assert columns_kept(wanted, summary) is None


def test_where_inferred_members_have_a_null_the_count_is_kept() -> None:
    assert columns_kept(default_catalog(), counted("places", "country")) == ("country",)
    assert columns_kept(reference_to_itself(), counted("staff", "manager", "room")) == ("manager",)


@pytest.mark.parametrize(("length", "is_kept"), [(768, True), (769, False)])
def test_what_is_too_long_for_a_key_is_not_kept(length: int, is_kept: bool) -> None:
    notes = dataset("notes", key=("id",), columns=[column("id", "integer"), column("note", "text", length=length)])

    assert (columns_kept(catalog(notes), counted("notes", "note")) is not None) == is_kept


def test_a_query_is_not_kept() -> None:
    assert kept_count_of(Summary(file="s.json", format="csv", query="SELECT 1"), default_catalog()) is None


def test_a_column_of_another_type_is_another_count() -> None:
    def kept_name(length: int) -> str:
        things = dataset("things", key=("id",), columns=[column("id", "integer"), column("a", "text", length=length)])
        [count] = kept_counts(catalog(things, summaries=[counted("things", "a")]))
        return count.name

    assert kept_name(10) != kept_name(11)


def test_the_name_of_a_counts_table_fits_any_server() -> None:
    things = dataset("t" * 63, key=("id",), columns=[column("id", "integer")])

    [count] = kept_counts(catalog(things, summaries=[counted("t" * 63, "id")]))

    assert len(count.name) <= 64
