"""All faults of a run, by the point at which they occur. A fault that is never injected proves nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

KILLED = "killed"

#: Messages of a MySQL server for these numbers.
SERVER_ERRORS = {
    # In none of the product's lists.
    "1105": "Unknown error",
    "1205": "Lock wait timeout exceeded; try restarting transaction",
    "1213": "Deadlock found when trying to get lock; try restarting transaction",
    "2006": "MySQL server has gone away",
    "2013": "Lost connection to MySQL server during query",
    "3100": "Error on observer while running replication hook 'before_commit'.",
}
#: Errors at statements as well as at logins.
OUTAGES = {
    "2006": SERVER_ERRORS["2006"],
    "1290": "The MySQL server is running with the --read-only option so it cannot execute this statement",
    "3118": "Access denied for user 'inflow'@'%'. Account is locked.",
}
#: After these it is unknown whether a commit was applied.
LOST = ("2006", "2013")
#: After these the client has lost the connection, or closes it; the server rolls back.
DISCONNECTS = (*LOST, "3100", "1290", "3118")

DROPPED, UNROUTABLE = "the message is lost and the publisher told", "no queue takes the message"
CONFIRM_LOST, DOUBLED = "the confirm is lost", "the message is stored twice"
UNAVAILABLE = "the broker can't be reached"
CONNECTION_LOST = "the consumer's connection is lost"
STOPPED = "a stop is requested"
EIO, ENOSPC = "EIO", "ENOSPC"


@dataclass(frozen=True, slots=True)
class Point:
    """A step of a process, the faults that may occur there, and their frequency relative to a statement."""

    name: str
    faults: tuple[str, ...]
    weight: float = 4.0


STATEMENT = Point("at a statement", (KILLED, *SERVER_ERRORS), weight=1.0)
BEFORE_COMMIT = Point("before a commit", (KILLED, *SERVER_ERRORS), weight=3.0)
AFTER_COMMIT = Point("after a commit", (KILLED, *LOST), weight=2.0)
BEFORE_PUBLICATION = Point("before a publication", (KILLED, DROPPED, UNROUTABLE))
AFTER_PUBLICATION = Point("after a publication", (KILLED, CONFIRM_LOST, DOUBLED))
BACKLOG = Point("asking for the backlog", (KILLED, UNAVAILABLE), weight=8.0)
AFTER_DELIVERY = Point("after a delivery", (KILLED, CONNECTION_LOST))
BEFORE_ACK = Point("before an ack", (KILLED, CONNECTION_LOST), weight=8.0)
AFTER_ACK = Point("after an ack", (KILLED,), weight=2.0)
BEFORE_RENAME = Point("before a rename", (KILLED, EIO), weight=8.0)
AFTER_RENAME = Point("after a rename", (KILLED, EIO), weight=8.0)
UNLINK = Point("at an unlink", (KILLED,), weight=40.0)
OPEN = Point("at an open", (KILLED, EIO), weight=2.0)
READ = Point("at a read", (KILLED, EIO), weight=2.0)
WRITE = Point("in the middle of a write", (KILLED, ENOSPC), weight=16.0)
FSYNC = Point("at an fsync", (KILLED, ENOSPC))
LISTING = Point("at a listing", (KILLED, EIO), weight=1.0)
PAUSE = Point("in a pause", (KILLED, STOPPED, CONNECTION_LOST), weight=40.0)
BETWEEN_STEPS = Point("between two steps", (KILLED, STOPPED), weight=2.0)

POINTS = (
    STATEMENT, BEFORE_COMMIT, AFTER_COMMIT,
    BEFORE_PUBLICATION, AFTER_PUBLICATION, BACKLOG, AFTER_DELIVERY, BEFORE_ACK, AFTER_ACK,
    BEFORE_RENAME, AFTER_RENAME, UNLINK, OPEN, READ, WRITE, FSYNC, LISTING,
    PAUSE, BETWEEN_STEPS,
)  # fmt: skip

#: Faults outside of processes.
OUT_OF_ORDER, DUPLICATED = "a message is delivered out of order", "a message is delivered twice"
GIVEN_UP, WIPED = "the broker gives up a message by counting", "the broker loses all its messages"
HINT_LOST, COPIED_SLOWLY = "an event of the inbox is lost", "a file is copied into the inbox in two parts"
HELD_OPEN, REOPENED = "a file is held open while it is copied", "a file is closed and opened again while it is copied"
AT_THE_SAME_TIME = "two files are renamed in that were changed at the same time"
STALLED, ASLEEP = "the watcher stalls", "nothing happens for a long time"
OVERTAKEN = "a file is overtaken after the limit"
WRITTEN_LATE = "a file is written to after its claim"
SAME_NAME, REPLACED = "a name is dropped again", "a file is replaced before its claim"
INTERLUDE, LOCK_AWAITED = "others work in the middle of a step", "an aggregator waits for the lock"
ALL_KILLED = "everything is killed at once"
DATABASE_AWAY, BROKER_AWAY = "the database is away for a while", "the broker is away for a while"
ACCOUNT_LOCKED, READ_ONLY = "the account is locked for a while", "the database is read-only for a while"
#: The database's errors meanwhile.
AWAY_ERRORS = {DATABASE_AWAY: "2006", ACCOUNT_LOCKED: "3118", READ_ONLY: "1290"}
FOREIGN = "a message of another installation comes"
OF_EARLIER_LIFE = "a message of an earlier life of this installation comes"
RESTORED = "a backup of the database is restored"
OTHERS = (
    OUT_OF_ORDER, DUPLICATED, GIVEN_UP, WIPED, HINT_LOST, COPIED_SLOWLY, HELD_OPEN, REOPENED, AT_THE_SAME_TIME,
    STALLED, ASLEEP, OVERTAKEN, WRITTEN_LATE, SAME_NAME, REPLACED, INTERLUDE, LOCK_AWAITED, ALL_KILLED, BROKER_AWAY,
    *AWAY_ERRORS, FOREIGN, OF_EARLIER_LIFE, RESTORED,
)  # fmt: skip


def all_kinds() -> Iterator[str]:
    """Return the names of all kinds of faults, under which they are counted."""
    yield from (kind(point, fault) for point in POINTS for fault in point.faults)
    yield from OTHERS


def kind(point: Point, fault: str) -> str:
    """Return the name of a fault at a point."""
    return f"{point.name}: {fault}"
