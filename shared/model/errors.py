"""Errors, sorted by how they are handled: each is sorted once, where it arises, by its class."""

from typing import ClassVar

from shared.model.reasons import Reason


class InflowError(Exception):
    """Base class of all errors that Inflow raises on purpose; any other exception is a bug."""


class TransientError(InflowError):
    """An error that may pass: retry with back-off."""


class PossiblyTerminal(TransientError):
    """An error that may pass or be final: a message is retried for a limited time, and then dead-lettered."""

    #: How long the handling of a message is retried; outside of messages, retries have no limit. It must be shorter
    #: than the 30 minutes after which RabbitMQ takes an unacknowledged message back.
    patience_seconds: ClassVar[float] = 15 * 60.0


class TerminalError(InflowError):
    """An error that retrying can't cure: dead-letter the message or refuse the file."""


class BrokerUnavailable(TransientError):
    """RabbitMQ can't be reached, closed or blocked the connection, or cancelled the consumer."""


class NamespaceTaken(BrokerUnavailable):
    """Another installation uses this namespace of the broker; it becomes free when that installation is gone."""


class Unroutable(TransientError):
    """A published message reached no queue: the topology is missing and is declared again."""


class DatabaseUnavailable(TransientError):
    """The database can't be reached, or aborted the transaction (deadlock, lock wait, lost connection)."""


class UnknownDatabaseError(PossiblyTerminal):
    """The database answered with an error that Inflow does not know: it may be an outage, and it may be final."""


class UnknownLoad(PossiblyTerminal):
    """A message of a load that was not found in the ledger; the read may have come from a replica that lags behind."""

    #: Short, because other messages wait behind it. If the replica lags for longer, the watcher publishes the load
    #: again; a load that a restored database lacks will never be in it.
    patience_seconds = 60.0


class FolderUnavailable(TransientError):
    """The data folder can't be used at the moment: full, missing, or locked by another process."""


class FolderTaken(FolderUnavailable):
    """The data folder belongs to another installation."""


class ConcurrentInsert(TransientError):
    """Another transaction inserted a key of this chunk first; the next try sees that row."""


class MalformedMessage(TerminalError):
    """A message body that is not JSON, is of an unknown kind or version, or lacks a field."""


class ContradictoryMessage(TerminalError):
    """A well-formed message that contradicts the ledger or the configuration."""


class ForeignMessage(TerminalError):
    """A message of another installation, or of an earlier database of this one: it is set aside, never merged."""


class BrokerRefused(TerminalError):
    """RabbitMQ refused a request and would refuse it again: a missing permission, or a conflicting declaration."""


class DatabaseRefused(TerminalError):
    """The database refused a statement and would refuse it again."""


class RowsRefused(DatabaseRefused):
    """The database refused a row: a constraint, a trigger, a type. Other rows of the statement may be valid."""


class TablesUnusable(TerminalError):
    """A table is missing, altered or forbidden: no message is at fault, the service prepares its tables again."""


class InstallationChanged(TablesUnusable):
    """The database now holds another installation: it was emptied or replaced while the service ran."""


class SchemaMismatch(TerminalError):
    """An existing table differs from the configuration."""


class ConfigurationError(TerminalError):
    """The environment or inflow.toml is wrong; the message lists every problem."""


class RequestError(TerminalError):
    """What was asked for can't be done; the message says why."""


class NoSuchLoad(RequestError):
    """A load that was asked for is not in the ledger."""


class FileRefused(TerminalError):
    """A file that can't be loaded.

    `code` is the machine-readable reason; the message says what was found and what was expected.
    """

    def __init__(self, code: Reason, message: str) -> None:
        super().__init__(message)
        self.code = code
