"""SQLSTATEs of PostgreSQL 13 to 18, by what they mean for a retry. Pure.

From the server's own list (Appendix A of its manual). The first two characters are a class: a code without an entry of
its own has the meaning of its class, and a class that is in no list is not known to be final.
"""

from shared.storage.database.meaning import Meaning

_CLASS_LENGTH = 2

#: The server of this connection can't serve us now, but another one may: a retry must connect again.
#: Classes: connection exceptions (08). Codes: read-only; idle for too long, in a transaction or outside one; a
#: transaction that took too long; shutting down, crashed, starting up; the database is being dropped.
_WRONG_SERVER = frozenset({"08", "25006", "25P03", "25P04", "57P01", "57P02", "57P03", "57P04", "57P05"})

_MEANINGS = {
    Meaning.OUTAGE: _WRONG_SERVER
    | {
        # The account or the database does not exist yet, or no longer.
        "28", "3D",
        # Transactions rolled back: deadlock, serialization failure, a commit of unknown outcome.
        "40",
        # Resources: disk full, memory, connections, limits of the configuration.
        "53",
        # An operator: cancelled, or a time limit of the server. The system: files.
        "57", "58",
        # Locks: wait timeout; object in use.
        "55P03", "55006",
        # Another process created the table, column, index or schema in the meantime.
        "42P06", "42P07", "42701", "42710",
        # A proxy moved the session to another server connection, which lacks its prepared statements.
        "26000", "42P05",
    },
    # A table or a column is missing or may not be used.
    Meaning.TABLES: frozenset({"42P01", "42703", "42501", "3F000"}),
    # Errors in a row's values, or raised by a trigger for them: values, constraints, views with a check option; a key
    # that is too long for an index; RAISE.
    Meaning.ROWS: frozenset({"09", "22", "23", "27", "44", "54000", "P0"}),
    # Errors in the statement itself, whatever the rows: not supported, cardinality, transaction state, SQL, names and
    # syntax, a statement or table that is too large.
    Meaning.STATEMENT: frozenset({"0A", "21", "25", "2F", "34", "42", "54"}),
}  # fmt: skip
_BY_CODE = {code: meaning for meaning, codes in _MEANINGS.items() for code in codes}


def meaning_of_state(state: str) -> Meaning:
    """Look up a SQLSTATE: its own entry takes precedence over that of its class."""
    return _BY_CODE.get(state) or _BY_CODE.get(state[:_CLASS_LENGTH], Meaning.UNKNOWN)


def is_wrong_state(state: str) -> bool:
    """Whether this connection leads to a server that can't serve us: a retry needs a new connection."""
    return state in _WRONG_SERVER or state[:_CLASS_LENGTH] in _WRONG_SERVER
