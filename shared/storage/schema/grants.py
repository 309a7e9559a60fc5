"""The rights that each service needs in the database, as data and as GRANT statements."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Table

from shared.storage.schema.schema import Schema

#: The account that prepares the tables does not belong to a service.
MIGRATE = "migrate"


def grant_statements(schema: Schema, service: str, *, database: str, account: str) -> Iterator[str]:
    """Yield the grants of a service, or of "migrate"; `account` is in SQL syntax, such as 'name'@'%'.

    Each service may read all tables. Rights on single tables can be granted only once these exist.
    """
    rights = {table.name: some for table, some in _rights(schema).get(service, {}).items()}
    yield from schema.dialect.grants(database, account, migrates=service == MIGRATE, rights=rights)


def _rights(schema: Schema) -> dict[str, Mapping[Table, str]]:
    """The rights of each service in addition to reading; the aggregator's queries may read any table."""
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
