"""The product's tables for people and places, for rivals to load: the same columns, keys, index and foreign key."""

from collections.abc import Mapping

from sqlalchemy import Engine, Table, create_engine, func, insert, make_url, select
from sqlalchemy.pool import NullPool

from benchmarks.people import places
from shared.storage.database import DIALECTS
from shared.storage.schema.dataset_tables import INFERRED, MARKS
from shared.storage.schema.schema import build_schema
from tests.support.catalogs import default_catalog


class WrongRows(Exception):
    """A rival did not load the right rows, so that its time means nothing."""


class PeopleAndPlaces:
    """An empty table of people, and one with all places."""

    def __init__(self, url: str, flavour: str) -> None:
        self._engine: Engine = create_engine(make_url(url), poolclass=NullPool)
        schema = build_schema(default_catalog(), DIALECTS[flavour])
        self._places, self.people = schema.datasets["places"], schema.datasets["people"]

    def create(self) -> None:
        """Create both tables, and insert the places."""
        marks = constants(self._places)
        with self._engine.begin() as connection:
            self.people.metadata.create_all(connection, tables=[self._places, self.people])
            connection.execute(insert(self._places), [{**place, **marks} for place in places()])

    def check(self, births: Mapping[str, int]) -> None:
        """Raise WrongRows unless exactly these people are stored, each with the place in the file."""
        country = self._places.c.country
        born_here = self.people.c.place_of_birth == self._places.c.city
        query = select(country, func.count()).select_from(self.people).join(self._places, born_here).group_by(country)
        with self._engine.connect() as connection:
            found: dict[str, int] = dict(connection.execute(query).tuples().all())
        if found != births:
            raise WrongRows(f"the table holds {found}, the file has {dict(births)}")


def constants(table: Table) -> dict[str, int]:
    """Return the values for the columns that no file has."""
    values = {**dict.fromkeys(MARKS, 1), INFERRED: 0}
    return {name: value for name, value in values.items() if name in table.columns}
