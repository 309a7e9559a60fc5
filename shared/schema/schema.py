"""All tables that a configuration needs: one per dataset and kept count, and those in which Inflow keeps its books."""

from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from shared.counts import kept_counts
from shared.database import Dialect
from shared.datasets import Catalog
from shared.schema import book_tables, count_tables
from shared.schema.dataset_tables import dataset_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """All tables of one database."""

    metadata: MetaData
    dialect: Dialect
    migrations: Table
    installation: Table
    sequences: Table
    loads: Table
    chunks: Table
    changes: Table
    rejects: Table
    outbox: Table
    summaries: Table
    services: Table
    inbox: Table
    counts: Table
    count_deltas: Table
    datasets: dict[str, Table]
    #: One table per kept count, by its name.
    kept_counts: dict[str, Table]


def build_schema(catalog: Catalog, dialect: Dialect) -> Schema:
    """Derive the tables that a catalogue needs on one kind of server."""
    metadata = MetaData()
    return Schema(
        metadata=metadata,
        dialect=dialect,
        migrations=book_tables.migrations(metadata, dialect),
        installation=book_tables.installation(metadata, dialect),
        sequences=book_tables.sequences(metadata, dialect),
        loads=book_tables.loads(metadata, dialect),
        chunks=book_tables.chunks(metadata, dialect),
        changes=book_tables.changes(metadata, dialect),
        rejects=book_tables.rejects(metadata, dialect),
        outbox=book_tables.outbox(metadata, dialect),
        summaries=book_tables.summaries(metadata, dialect),
        services=book_tables.services(metadata, dialect),
        inbox=book_tables.inbox(metadata, dialect),
        counts=count_tables.counts(metadata, dialect),
        count_deltas=count_tables.count_deltas(metadata, dialect),
        datasets={
            dataset.name: dataset_table(metadata, dialect, dataset, referenced=catalog.is_referenced(dataset.name))
            for dataset in catalog.datasets.values()
        },
        kept_counts={
            count.name: count_tables.kept_count_table(metadata, dialect, count, catalog.datasets[count.dataset])
            for count in kept_counts(catalog)
        },
    )
