"""Which rights each service needs in the database, as data and as GRANT statements of MySQL and MariaDB."""

from collections.abc import Iterator, Mapping

from sqlalchemy import Table

from shared.storage.schema.schema import Schema

#: On all tables of the database. What prepares them is not a service; each service may read them.
_ON_ALL_TABLES = {"migrate": "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES"}


def grant_statements(schema: Schema, service: str, *, database: str, account: str) -> Iterator[str]:
    """Yield what gives a service, or "migrate", its rights; `account` is as SQL writes it, such as 'name'@'%'.

    Rights on single tables can be given only once these exist.
    """
    # Where all tables are meant, and only there, an underscore stands for any character.
    all_tables = _quoted(database).replace("_", r"\_") + ".*"
    yield f"GRANT {_ON_ALL_TABLES.get(service, 'SELECT')} ON {all_tables} TO {account}"
    for table, rights in _rights(schema).get(service, {}).items():
        yield f"GRANT {rights} ON {_quoted(database)}.{_quoted(table.name)} TO {account}"


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
            schema.outbox: "INSERT, DELETE",
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


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"
