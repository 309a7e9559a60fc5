"""All tables that a configuration needs: one per dataset and kept count, and those of the ledger."""

from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from shared.model.datasets import Catalog
from shared.storage.database import DatabaseDialect
from shared.storage.kept_counts import kept_counts
from shared.storage.schema import count_tables, ledger_tables
from shared.storage.schema.dataset_tables import dataset_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """All tables of one database."""

    metadata: MetaData
    dialect: DatabaseDialect
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


def build_schema(catalog: Catalog, dialect: DatabaseDialect) -> Schema:
    """Derive the tables that a catalog needs on one kind of server."""
    metadata = MetaData()
    return Schema(
        metadata=metadata,
        dialect=dialect,
        migrations=ledger_tables.migrations(metadata, dialect),
        installation=ledger_tables.installation(metadata, dialect),
        sequences=ledger_tables.sequences(metadata, dialect),
        loads=ledger_tables.loads(metadata, dialect),
        chunks=ledger_tables.chunks(metadata, dialect),
        changes=ledger_tables.changes(metadata, dialect),
        rejects=ledger_tables.rejects(metadata, dialect),
        outbox=ledger_tables.outbox(metadata, dialect),
        summaries=ledger_tables.summaries(metadata, dialect),
        services=ledger_tables.services(metadata, dialect),
        inbox=ledger_tables.inbox(metadata, dialect),
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
