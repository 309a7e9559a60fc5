"""All tables that a configuration needs: one per dataset and kept count, and those in which Inflow keeps its books."""

from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from shared.counts import kept_counts
from shared.database import Flavour
from shared.datasets import Catalog
from shared.schema import book_tables, count_tables
from shared.schema.dataset_tables import dataset_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """All tables of one database."""

    metadata: MetaData
    flavour: Flavour
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


def build_schema(catalog: Catalog, flavour: Flavour) -> Schema:
    """Derive the tables that a catalogue needs on one kind of server."""
    metadata = MetaData()
    return Schema(
        metadata=metadata,
        flavour=flavour,
        migrations=book_tables.migrations(metadata, flavour),
        installation=book_tables.installation(metadata, flavour),
        sequences=book_tables.sequences(metadata, flavour),
        loads=book_tables.loads(metadata, flavour),
        chunks=book_tables.chunks(metadata, flavour),
        changes=book_tables.changes(metadata, flavour),
        rejects=book_tables.rejects(metadata, flavour),
        outbox=book_tables.outbox(metadata, flavour),
        summaries=book_tables.summaries(metadata, flavour),
        services=book_tables.services(metadata, flavour),
        inbox=book_tables.inbox(metadata, flavour),
        counts=count_tables.counts(metadata, flavour),
        count_deltas=count_tables.count_deltas(metadata, flavour),
        datasets={
            dataset.name: dataset_table(metadata, flavour, dataset, referenced=catalog.is_referenced(dataset.name))
            for dataset in catalog.datasets.values()
        },
        kept_counts={
            count.name: count_tables.kept_count_table(metadata, flavour, count, catalog.datasets[count.dataset])
            for count in kept_counts(catalog)
        },
    )
