"""Catalogues for tests: the default one, and one for each shape of a dataset."""

from collections.abc import Iterable
from dataclasses import replace

from shared.configuration.catalog import load_catalog
from shared.model.datasets import Catalog, Column, Dataset, Reference, Summary, TypeName

#: The default summary: people by country of birth.
BIRTHS_BY_COUNTRY = Summary(
    file="summary_output.json", format="json-object", count="people", by=("birthplace", "country")
)


def default_catalog() -> Catalog:
    """Return people and places as in the default configuration."""
    return load_catalog(None)


def forgiving_people_and_places() -> Catalog:
    """Return people and places with optional birthplaces and countries."""
    places = dataset("places", key=("city",), columns=texts("city", "county", "country"))
    people = dataset(
        "people",
        key=("given_name", "family_name", "date_of_birth"),
        columns=[*texts("given_name", "family_name"), column("date_of_birth", "date"), *texts("place_of_birth")],
        references=[Reference(name="birthplace", columns=("place_of_birth",), dataset="places")],
    )
    return catalog(places, people, summaries=[BIRTHS_BY_COUNTRY])


#: The column of each type in the dataset of `every_type`, beside its key.
COLUMN_OF_TYPE: dict[TypeName, str] = {
    "text": "label",
    "integer": "amount",
    "decimal": "price",
    "float": "ratio",
    "date": "born",
    "timestamp": "seen",
    "boolean": "alive",
}


def every_type() -> Catalog:
    """Return one dataset with a column of each type, each of the largest size that servers allow."""
    columns = [
        column("id", "integer"),
        *texts("label"),
        column("amount", "integer"),
        column("price", "decimal", precision=65, scale=30),
        column("ratio", "float"),
        column("born", "date"),
        column("seen", "timestamp"),
        column("alive", "boolean"),
    ]
    return catalog(dataset("things", key=("id",), columns=columns))


def typed_keys(*, type_name: TypeName) -> Catalog:
    """Return a dataset whose key is one column of a type."""
    key = column("id", type_name, precision=65, scale=30)
    return catalog(dataset("things", key=("id",), columns=[key, *texts("label")]))


def key_only() -> Catalog:
    """Return a dataset in which all columns are part of the key."""
    return catalog(dataset("pairs", key=("one", "other"), columns=texts("one", "other")))


def composite_references() -> Catalog:
    """Return shops that refer to regions by two columns; the key's order differs from that of the columns."""
    regions = dataset("regions", key=("country", "code"), columns=texts("code", "country", "name"))
    shops = dataset(
        "shops",
        key=("shop",),
        columns=texts("shop", "region", "land"),
        references=[Reference(name="region", columns=("land", "region"), dataset="regions")],
    )
    return catalog(regions, shops)


def reference_in_key() -> Catalog:
    """Return rooms, whose key contains the reference to their building, and desks that refer to rooms and buildings."""
    buildings = dataset("buildings", key=("building",), columns=texts("building", "address"))
    rooms = dataset(
        "rooms",
        key=("building", "number"),
        columns=[*texts("building"), column("number", "integer"), *texts("colour")],
        references=[Reference(name="building", columns=("building",), dataset="buildings")],
    )
    desks = dataset(
        "desks",
        key=("desk",),
        columns=[column("desk", "integer"), *texts("building"), column("number", "integer"), *texts("owner_building")],
        references=[
            Reference(name="room", columns=("building", "number"), dataset="rooms"),
            Reference(name="owner", columns=("owner_building",), dataset="buildings"),
        ],
    )
    return catalog(buildings, rooms, desks)


def reference_to_itself() -> Catalog:
    """Return staff, each with a manager among the staff."""
    staff = dataset(
        "staff",
        key=("name",),
        columns=texts("name", "manager", "room"),
        references=[Reference(name="manager", columns=("manager",), dataset="staff")],
    )
    return catalog(staff)


def catalog(*datasets: Dataset, summaries: Iterable[Summary] = ()) -> Catalog:
    """Build a catalogue; datasets come before those that refer to them."""
    return Catalog(datasets={each.name: each for each in datasets}, summaries=tuple(summaries))


def dataset(
    name: str, *, key: tuple[str, ...], columns: Iterable[Column], references: Iterable[Reference] = ()
) -> Dataset:
    """Build a dataset for files of its name; its key columns are required, as in a configuration."""
    declared = tuple(replace(each, required=each.name in key) for each in columns)
    return Dataset(name=name, files=(f"{name}*.csv",), columns=declared, key=key, references=tuple(references))


def column(name: str, type_name: TypeName, *, length: int = 255, precision: int = 18, scale: int = 4) -> Column:
    """Build a column that may be empty."""
    return Column(name=name, type=type_name, length=length, precision=precision, scale=scale)


def texts(*names: str) -> list[Column]:
    """Build text columns."""
    return [column(name, "text") for name in names]
