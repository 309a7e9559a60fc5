"""The tables in which Inflow keeps its ledger."""

from sqlalchemy import BigInteger, Index, MetaData, String, Table, Text
from sqlalchemy import Column as TableColumn

from shared.storage.database import DatabaseDialect

#: The maximum length of a file's path in the ledger, in characters; at 4 bytes each, the maximum for an InnoDB key.
PATH_LENGTH = 768


def migrations(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the table of the applied migrations."""
    return dialect.table(
        metadata,
        "inflow_migrations",
        TableColumn("version", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("applied_at", dialect.instant(), nullable=False, comment="UTC"),
        comment="The versions of these tables; the highest one is the current one.",
    )


def installation(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the table whose only row distinguishes this database from all others."""
    return dialect.table(
        metadata,
        "inflow_installation",
        TableColumn("installation_id", String(32), primary_key=True),
        TableColumn("created_at", dialect.instant(), nullable=False, comment="UTC"),
        comment="One row: the id of this installation, which is in every message.",
    )


def sequences(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the table of the last numbers assigned."""
    return dialect.table(
        metadata,
        "inflow_sequences",
        TableColumn("name", String(64), primary_key=True),
        TableColumn("value", BigInteger(), nullable=False),
        comment="The last numbers assigned; load numbers only increase.",
    )


def loads(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the table of the loads."""
    counts = ("rows_done", "inserted", "updated", "unchanged", "superseded", "rejected")
    moments = ("modified_at", "claimed_at", "published_at", "completed_at", "archived_at", "summarised_at")
    return dialect.table(
        metadata,
        "inflow_loads",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("token", String(16), comment="set by the claim; NULL: claimed before version 1 of these tables"),
        TableColumn("chunk_rows", BigInteger(), comment="maximum rows of a chunk, as in the claimed file's name"),
        TableColumn("chunk_bytes", BigInteger(), comment="maximum size of a chunk, in bytes of the file"),
        TableColumn("file", String(PATH_LENGTH), nullable=False, comment="path below the inbox"),
        TableColumn("dataset", String(64)),
        TableColumn(
            "state",
            String(16),
            nullable=False,
            comment="claimed, reading, published, complete, archived, refused",
        ),
        TableColumn("reason", String(64), comment="why the load does not progress: a code"),
        TableColumn("message", dialect.any_text(), comment="the same, as text"),
        TableColumn("size_bytes", BigInteger(), nullable=False),
        TableColumn("header", dialect.long_text(), comment="the file's columns, JSON"),
        TableColumn("ignored_columns", dialect.long_text(), comment="those without a dataset column, JSON"),
        TableColumn("read_as", dialect.long_text(), comment="format, encoding and dialect, as text"),
        TableColumn("confidence_percent", BigInteger(), comment="confidence in read_as"),
        TableColumn("feed", String(255), comment="the kind of files that this one is compared with"),
        TableColumn("manner", dialect.long_text(), comment="the format signature that is compared, JSON"),
        TableColumn("row_count", BigInteger(), comment="rows of the file, once its manifest is applied"),
        TableColumn(
            "lines", dialect.long_text(), comment="account of the lines that are not rows, JSON; NULL: not known"
        ),
        TableColumn("fingerprint", String(64), comment="of the file's bytes and its dataset's definition"),
        TableColumn(
            "first_pass_milliseconds", BigInteger(), comment="time spent counting rejects first; NULL: not done"
        ),
        *(TableColumn(name, BigInteger(), nullable=False, server_default="0") for name in counts),
        *(TableColumn(name, dialect.instant(), comment="UTC") for name in moments),
        Index("ix_inflow_loads_feed", "feed"),
        Index("ix_inflow_loads_file", "file"),
        Index("ix_inflow_loads_state", "state"),
        Index("ix_inflow_loads_summarised_at", "summarised_at"),
        comment="One row per claimed file: its state and its counts.",
    )


def chunks(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the chunk ledger."""
    # No foreign key to the load: upgrading its shared lock to the exclusive one of the counts would always deadlock.
    return dialect.table(
        metadata,
        "inflow_chunks",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("first_row", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("row_count", BigInteger(), nullable=False),
        comment="The chunk ledger: the chunks already applied.",
    )


def changes(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the table of the changes in files since their earlier editions."""
    return dialect.table(
        metadata,
        "inflow_changes",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("base_load_id", BigInteger(), nullable=False, comment="the load whose file it was compared with"),
        TableColumn("unchanged_count", BigInteger(), nullable=False, comment="unchanged rows, which are not published"),
        TableColumn("superseded_count", BigInteger(), nullable=False, comment="of these, rows whose key is repeated"),
        TableColumn(
            "changed_lines",
            dialect.long_text(),
            nullable=False,
            comment="lines of the changed rows, JSON, until the file is archived",
        ),
        comment="Files compared with an earlier edition; for open loads, the lines to publish.",
    )


def rejects(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the table of the rejected rows."""
    return dialect.table(
        metadata,
        "inflow_rejects",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("line", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("byte_offset", BigInteger(), comment="where the row begins in the file; NULL: unknown"),
        TableColumn("column_name", String(255), comment="NULL: the row as a whole is at fault"),
        TableColumn("code", String(64), nullable=False),
        TableColumn("message", dialect.any_text(), nullable=False),
        TableColumn(
            "raw", dialect.any_text(), nullable=False, comment="the row as one CSV record of the file's columns"
        ),
        TableColumn("healed_by", BigInteger(), comment="the first load with the row corrected; NULL: open"),
        # Finds rows that are rejected again.
        *dialect.long_text_indexes("ix_inflow_rejects_raw", "load_id", "raw"),
        comment="Rejected rows.",
    )


def outbox(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the outbox."""
    return dialect.table(
        metadata,
        "inflow_outbox",
        TableColumn("load_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("dataset", String(64), nullable=False),
        TableColumn("completed_at", dialect.instant(), nullable=False),
        comment="load.completed events still to publish, written in the transaction of the completion.",
    )


def summaries(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the table of the summary files."""
    return dialect.table(
        metadata,
        "inflow_summaries",
        TableColumn("file", String(255), primary_key=True, comment="name in the data folder"),
        TableColumn("digest", String(64), nullable=False, comment="SHA-256 of its content"),
        TableColumn("written_at", dialect.instant(), nullable=False, comment="UTC"),
        comment="Digests of the summary files: a file that differs is written again.",
    )


def services(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the table of the running services."""
    return dialect.table(
        metadata,
        "inflow_services",
        TableColumn("service", String(32), primary_key=True),
        TableColumn("host", String(255), primary_key=True),
        TableColumn("process_id", BigInteger(), primary_key=True, autoincrement=False),
        TableColumn("version", String(64), nullable=False),
        TableColumn("started_at", dialect.instant(), nullable=False, comment="UTC"),
        TableColumn("seen_at", dialect.instant(), nullable=False, comment="UTC; the last heartbeat"),
        TableColumn("waits_for", dialect.long_text(), comment="what prevents it from working; NULL: it works"),
        TableColumn("waits_since", dialect.instant(), comment="UTC"),
        comment="Heartbeats: the running services, and what they wait for.",
    )


def inbox(metadata: MetaData, dialect: DatabaseDialect) -> Table:
    """Add the table of the waiting files."""
    return dialect.table(
        metadata,
        "inflow_inbox",
        TableColumn("file", String(PATH_LENGTH), primary_key=True, comment="path below the inbox"),
        TableColumn("state", String(16), nullable=False),
        TableColumn("reason", String(64), nullable=False),
        TableColumn("message", Text(), nullable=False),
        TableColumn("since", dialect.instant(), nullable=False),
        comment="Files in the inbox that the watcher has not claimed, and why.",
    )
