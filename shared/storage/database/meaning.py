"""The meaning of a database error for a retry: the classes into which every dialect sorts its errors. Pure."""

from enum import Enum, auto


class Meaning(Enum):
    """What an error means for a retry."""

    #: It may succeed, however long that takes.
    OUTAGE = auto()
    #: It may succeed once the tables are prepared again.
    TABLES = auto()
    #: It may succeed with other rows.
    ROWS = auto()
    #: It can't succeed: the statement is wrong.
    STATEMENT = auto()
    #: The error is in no list.
    UNKNOWN = auto()
