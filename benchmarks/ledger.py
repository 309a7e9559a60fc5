"""The loads of a drop in Inflow's ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Self

from sqlalchemy import create_engine, func, make_url, select
from sqlalchemy.pool import NullPool

from shared.storage.database import DIALECTS
from shared.storage.schema.schema import build_schema
from tests.support.catalogs import default_catalog

#: The steps of a load, by the clocks of the services, which all run on this machine.
MOMENTS = ("claimed", "published", "completed", "archived", "summarised")

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """The outcomes of the rows of a drop."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    rejected: int = 0

    @property
    def rows(self) -> int:
        """The total number of rows."""
        return sum(getattr(self, field.name) for field in fields(self))

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> Self:
        """Sum the outcomes of the rows of some loads."""
        return cls(**{field.name: sum(entry[field.name] for entry in entries) for field in fields(cls)})


class LedgerReader:
    """Reads the ledger of one database."""

    def __init__(self, url: str, flavour: str) -> None:
        self._engine = create_engine(make_url(url), poolclass=NullPool)
        self._schema = build_schema(default_catalog(), DIALECTS[flavour])

    def summarised(self, names: Sequence[str]) -> list[Entry]:
        """Return the loads of these files, in order of name, once the summaries include them all."""
        table = self._schema.loads
        query = select(table).where(table.c.file.between(names[0], names[-1]))
        with self._engine.connect() as connection:
            entries: list[Entry] = [dict(row) for row in connection.execute(query).mappings()]
        is_done = len(entries) == len(names) and all(entry["summarised_at"] for entry in entries)
        return entries if is_done else []

    def count_chunks(self, entries: Sequence[Entry]) -> int:
        """Count the chunks of some loads."""
        table = self._schema.chunks
        numbers = [entry["load_id"] for entry in entries]
        mine = table.c.load_id.between(min(numbers), max(numbers))
        with self._engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(table).where(mine)) or 0


def moments(entries: Sequence[Entry], *, since: float) -> dict[str, float]:
    """Return the seconds until the last of the loads reached each step.

    A load may be complete before the watcher has recorded that it is published; that step is then missing.
    """
    stamps = {name: [entry[f"{name}_at"] for entry in entries] for name in MOMENTS}
    return {name: max(map(timestamp, times)) - since for name, times in stamps.items() if None not in times}


def timestamp(instant: datetime) -> float:
    """Return a time of the ledger, which is in UTC, in seconds since 1970."""
    return instant.replace(tzinfo=UTC).timestamp()
