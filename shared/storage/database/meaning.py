"""What an error of a database says of a new try: the one scale on which every dialect sorts its errors. Pure."""

from enum import Enum, auto


class Meaning(Enum):
    """What an error says of a new try."""

    #: It may succeed, for as long as that takes.
    OUTAGE = auto()
    #: It may succeed once the tables are prepared again.
    TABLES = auto()
    #: It may succeed with other rows.
    ROWS = auto()
    #: It can't succeed: the statement is wrong.
    STATEMENT = auto()
    #: No list has it.
    UNKNOWN = auto()
