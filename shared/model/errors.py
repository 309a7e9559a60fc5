"""The kinds of failure, decided once where they arise: the class is the decision."""

from typing import ClassVar

from shared.model.reasons import Reason


class InflowError(Exception):
    """Base of every error that Inflow raises on purpose."""


class TransientError(InflowError):
    """May succeed later: retry with back-off."""


class PossiblyTerminal(TransientError):
    """May pass, and may be terminal: a message of it is retried for a stated time, and then dead-lettered."""

    #: How long its like is retried where a message is in hand; elsewhere, for as long as it takes. RabbitMQ takes a
    #: message back that is not answered for 30 minutes.
    patience_seconds: ClassVar[float] = 15 * 60.0


class TerminalError(InflowError):
    """Can never succeed as it is: dead-letter the message or refuse the file."""


class BrokerUnavailable(TransientError):
    """RabbitMQ can't be reached, closed the connection, blocked it or took back the consumer."""


class NamespaceTaken(BrokerUnavailable):
    """Another installation uses this namespace of the broker; it is free once that one has gone."""


class Unroutable(TransientError):
    """No queue took a published message: the topology is missing and is declared again."""


class DatabaseUnavailable(TransientError):
    """The database can't be reached, or ended the transaction (deadlock, lock wait, lost connection)."""


class UnknownDatabaseError(PossiblyTerminal):
    """The database answered with an error that Inflow does not know: neither an outage for sure, nor final."""


class UnknownLoad(PossiblyTerminal):
    """A message of a load that is not in the ledger, as far as this read could see: a replica may lag behind."""

    #: Short, as others wait behind the message. What a slower replica does not know yet is published again by its
    #: watcher; what a restored database does not know belongs to a life of it that is over.
    patience_seconds = 60.0


class FolderUnavailable(TransientError):
    """The data folder can't be used just now: full, gone, or locked by another process."""


class FolderTaken(FolderUnavailable):
    """The data folder belongs to another installation."""


class ConcurrentInsert(TransientError):
    """Another transaction inserted a key of this chunk first: the next try sees its row."""


class MalformedMessage(TerminalError):
    """A message body that can't be used: not JSON, an unknown kind or version, a missing field."""


class ContradictoryMessage(TerminalError):
    """A well-formed message that contradicts what the database already holds."""


class ForeignMessage(TerminalError):
    """A message of another installation, or of an earlier life of this one: it is set aside and never merged."""


class BrokerRefused(TerminalError):
    """RabbitMQ refused what it was asked for and would refuse it again: the user may not, or it contradicts."""


class DatabaseRefused(TerminalError):
    """The database refused a statement and would refuse it again."""


class RowsRefused(DatabaseRefused):
    """The database refused what a row says: a constraint, a trigger, a type. Other rows may be as good as any."""


class TablesUnusable(TerminalError):
    """A table is missing, altered or forbidden: no message is at fault, the service prepares its tables again."""


class InstallationChanged(TablesUnusable):
    """The database is another installation by now: it was emptied or replaced while the service worked."""


class SchemaMismatch(TerminalError):
    """An existing table differs from what the configuration asks for."""


class ConfigurationError(TerminalError):
    """The environment or inflow.toml is wrong; the message lists every problem."""


class RequestError(TerminalError):
    """What was asked for can't be done; the message says why."""


class NoSuchLoad(RequestError):
    """A load that was asked for is not in the ledger."""


class FileRefused(TerminalError):
    """A file that can't be loaded as it is.

    `code` is the machine-readable reason, the message says what was found and what was expected.
    """

    def __init__(self, code: Reason, message: str) -> None:
        super().__init__(message)
        self.code = code
