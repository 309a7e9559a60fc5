"""Which rights each service needs in the database, as data and as the database's GRANT statements."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Table

from shared.storage.schema.schema import Schema

#: What prepares the tables is not a service.
MIGRATE = "migrate"


def grant_statements(schema: Schema, service: str, *, database: str, account: str) -> Iterator[str]:
    """Yield what gives a service, or "migrate", its rights; `account` is as SQL writes it, such as 'name'@'%'.

    Each service may read all tables. Rights on single tables can be given only once these exist.
    """
    rights = {table.name: some for table, some in _rights(schema).get(service, {}).items()}
    yield from schema.dialect.grants(database, account, migrates=service == MIGRATE, rights=rights)


def _rights(schema: Schema) -> dict[str, Mapping[Table, str]]:
    """What each service may do beside reading; the aggregator's queries may read any table."""
    heartbeat = "INSERT, UPDATE, DELETE"
    return {
        "watcher": {
            schema.changes: "INSERT, UPDATE",
            schema.inbox: "INSERT, DELETE",
            schema.loads: "INSERT, UPDATE",
            schema.rejects: "UPDATE",
            schema.sequences: "INSERT, UPDATE",
            schema.services: heartbeat,
        },
        "writer": {
            schema.chunks: "INSERT",
            schema.count_deltas: "INSERT",
            schema.loads: "UPDATE",
            schema.outbox: "INSERT, UPDATE, DELETE",
            schema.rejects: "INSERT, UPDATE",
            schema.services: heartbeat,
            **dict.fromkeys(schema.datasets.values(), "INSERT, UPDATE"),
        },
        "aggregator": {
            schema.count_deltas: "DELETE",
            schema.counts: "INSERT, DELETE",
            schema.loads: "UPDATE",
            schema.sequences: "INSERT, UPDATE",
            schema.services: heartbeat,
            schema.summaries: "INSERT, DELETE",
            **dict.fromkeys(schema.kept_counts.values(), "INSERT, UPDATE, DELETE"),
        },
    }
