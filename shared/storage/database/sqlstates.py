"""SQLSTATEs of PostgreSQL 13 to 18, by what they say of a new try. Pure.

From the server's own list (Appendix A of its manual). The first two characters are a class: a code that has no entry of
its own goes with its class, and a class that is in no list is not known to be final.
"""

from shared.storage.database.meaning import Meaning

_CLASS_LENGTH = 2

#: The server that this connection leads to can't serve us now, and another one may by now: a new try has to connect.
#: Classes: connection exceptions (08). Codes: read only; idle too long in a transaction or at all, a transaction that
#: took too long; shutting down, crashed, starting up, the database is being dropped.
_WRONG_SERVER = frozenset({"08", "25006", "25P03", "25P04", "57P01", "57P02", "57P03", "57P04", "57P05"})

_MEANINGS = {
    Meaning.OUTAGE: _WRONG_SERVER
    | {
        # The account or the database is not there yet, or not any more.
        "28", "3D",
        # Transactions rolled back: deadlock, serialization, a commit of unknown outcome.
        "40",
        # Resources: disk full, memory, connections, limits of the configuration.
        "53",
        # An operator: cancelled, or a time limit of the server. The system: files.
        "57", "58",
        # Locks: waited too long; in use.
        "55P03", "55006",
        # Another process made the table, column, index or schema meanwhile.
        "42P06", "42P07", "42701", "42710",
        # A proxy gave the session to another one: its prepared statements are not here.
        "26000", "42P05",
    },
    # A table or a column is missing or may not be used.
    Meaning.TABLES: frozenset({"42P01", "42703", "42501", "3F000"}),
    # What a row says, or makes a trigger say: values, constraints, views with a check; a key that is longer than an
    # index takes; RAISE.
    Meaning.ROWS: frozenset({"09", "22", "23", "27", "44", "54000", "P0"}),
    # The statement itself, whatever the rows: not supported, cardinality, transaction state, SQL, names and syntax,
    # a statement or table that is too large.
    Meaning.STATEMENT: frozenset({"0A", "21", "25", "2F", "34", "42", "54"}),
}  # fmt: skip
_BY_CODE = {code: meaning for meaning, codes in _MEANINGS.items() for code in codes}


def meaning_of_state(state: str) -> Meaning:
    """Look a SQLSTATE up: its own entry goes before that of its class."""
    return _BY_CODE.get(state) or _BY_CODE.get(state[:_CLASS_LENGTH], Meaning.UNKNOWN)


def is_wrong_state(state: str) -> bool:
    """Whether this connection leads to a server that can't serve us: the next try needs a new connection."""
    return state in _WRONG_SERVER or state[:_CLASS_LENGTH] in _WRONG_SERVER
