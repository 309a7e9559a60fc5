"""All tables that a configuration needs: one per dataset and kept count, and those in which Inflow keeps its ledger."""

from dataclasses import dataclass

from sqlalchemy import MetaData, Table

from shared.model.datasets import Catalog
from shared.storage.database import Flavour
from shared.storage.kept_counts import kept_counts
from shared.storage.schema import count_tables, ledger_tables
from shared.storage.schema.dataset_tables import dataset_table


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
        migrations=ledger_tables.migrations(metadata, flavour),
        installation=ledger_tables.installation(metadata, flavour),
        sequences=ledger_tables.sequences(metadata, flavour),
        loads=ledger_tables.loads(metadata, flavour),
        chunks=ledger_tables.chunks(metadata, flavour),
        changes=ledger_tables.changes(metadata, flavour),
        rejects=ledger_tables.rejects(metadata, flavour),
        outbox=ledger_tables.outbox(metadata, flavour),
        summaries=ledger_tables.summaries(metadata, flavour),
        services=ledger_tables.services(metadata, flavour),
        inbox=ledger_tables.inbox(metadata, flavour),
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
