"""The meaning of PostgreSQL's errors for a retry."""

import psycopg
import pytest
from sqlalchemy import exc

from shared.model.errors import (
    ConcurrentInsert,
    DatabaseRefused,
    DatabaseUnavailable,
    InflowError,
    RowsRefused,
    TablesUnusable,
    UnknownDatabaseError,
)
from shared.storage.database import DIALECTS
from shared.storage.database.classification import classify, classify_connecting
from shared.storage.database.meaning import Meaning
from shared.storage.database.sqlstates import is_wrong_state, meaning_of_state

SERVER = "db.example:5432"
OUTAGE, TABLES, ROWS, STATEMENT, UNKNOWN = Meaning

#: From Appendix A of PostgreSQL's manual.
STATES = [
    ("connection_failure", "08006", OUTAGE),
    ("read_only_sql_transaction", "25006", OUTAGE),
    ("idle_in_transaction_session_timeout", "25P03", OUTAGE),
    ("invalid_password", "28P01", OUTAGE),
    ("invalid_catalog_name", "3D000", OUTAGE),
    ("serialization_failure", "40001", OUTAGE),
    ("statement_completion_unknown", "40003", OUTAGE),
    ("deadlock_detected", "40P01", OUTAGE),
    ("disk_full", "53100", OUTAGE),
    ("too_many_connections", "53300", OUTAGE),
    ("lock_not_available", "55P03", OUTAGE),
    ("query_canceled", "57014", OUTAGE),
    ("admin_shutdown", "57P01", OUTAGE),
    ("cannot_connect_now", "57P03", OUTAGE),
    ("io_error", "58030", OUTAGE),
    ("duplicate_table", "42P07", OUTAGE),
    ("duplicate_column", "42701", OUTAGE),
    ("duplicate_prepared_statement", "42P05", OUTAGE),
    ("undefined_table", "42P01", TABLES),
    ("undefined_column", "42703", TABLES),
    ("insufficient_privilege", "42501", TABLES),
    ("invalid_schema_name", "3F000", TABLES),
    ("string_data_right_truncation", "22001", ROWS),
    ("numeric_value_out_of_range", "22003", ROWS),
    ("untranslatable_character", "22P05", ROWS),
    ("not_null_violation", "23502", ROWS),
    ("foreign_key_violation", "23503", ROWS),
    ("check_violation", "23514", ROWS),
    ("with_check_option_violation", "44000", ROWS),
    ("program_limit_exceeded: a key longer than an index takes", "54000", ROWS),
    ("raise_exception", "P0001", ROWS),
    ("feature_not_supported", "0A000", STATEMENT),
    ("cardinality_violation", "21000", STATEMENT),
    ("in_failed_sql_transaction", "25P02", STATEMENT),
    ("syntax_error", "42601", STATEMENT),
    ("undefined_function", "42883", STATEMENT),
    ("statement_too_complex", "54001", STATEMENT),
    ("object_not_in_prerequisite_state", "55000", UNKNOWN),
    ("internal_error", "XX000", UNKNOWN),
    ("a class of tomorrow", "ZZ123", UNKNOWN),
    ("none: the driver speaks", "", UNKNOWN),
]


@pytest.mark.parametrize(("name", "state", "meaning"), STATES)
def test_every_state_means_what_the_servers_manual_says(name: str, state: str, meaning: Meaning) -> None:
    assert meaning_of_state(state) is meaning


@pytest.mark.parametrize("state", ["08006", "25006", "25P03", "57P01", "57P02", "57P03", "57P04", "57P05"])
def test_a_server_that_can_not_serve_us_costs_the_connection(state: str) -> None:
    assert is_wrong_state(state)
    assert meaning_of_state(state) is OUTAGE


@pytest.mark.parametrize("state", ["40P01", "55P03", "57014", "53300", "23505", "42P01", ""])
def test_other_states_do_not(state: str) -> None:
    assert not is_wrong_state(state)


def of_state(state: str) -> exc.DBAPIError:
    original = psycopg.errors.lookup(state)("words of the server\nDETAIL:  a row")
    return exc.DBAPIError("SELECT 1", None, original)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("57P01", DatabaseUnavailable),
        ("42P01", TablesUnusable),
        ("22001", RowsRefused),
        ("42601", DatabaseRefused),
        ("XX000", UnknownDatabaseError),
    ],
)
def test_each_meaning_is_a_class_of_error(state: str, kind: type[InflowError]) -> None:
    error = classify(of_state(state), DIALECTS["postgresql"], server=SERVER)

    assert type(error) is kind
    # The sender of the file reads the message about a row; the detail may be about another row.
    where = "" if kind is RowsRefused else f"database {SERVER}: "
    assert str(error) == f"{where}words of the server"


@pytest.mark.parametrize("state", ["28P01", "3D000", "42501", "53300", "57P03", "XX000"])
def test_what_fails_while_logging_in_is_an_outage_whatever_its_state(state: str) -> None:
    error = classify_connecting(of_state(state), DIALECTS["postgresql"], server=SERVER)

    assert type(error) is DatabaseUnavailable


class Duplicate(psycopg.errors.UniqueViolation):
    """The server's error for an existing key, with the constraint that it names."""

    def __init__(self, constraint: str) -> None:
        super().__init__("duplicate key")
        self._constraint = constraint

    @property
    def diag(self) -> object:  # type: ignore[override]
        return type("Diagnostic", (), {"constraint_name": self._constraint})


@pytest.mark.parametrize(("constraint", "kind"), [("people_pkey", ConcurrentInsert), ("by_hand", RowsRefused)])
def test_only_an_inserted_primary_key_is_a_conflict(constraint: str, kind: type[InflowError]) -> None:
    error = exc.IntegrityError("INSERT", None, Duplicate(constraint))

    assert type(classify(error, DIALECTS["postgresql"], server=SERVER)) is kind


@pytest.mark.parametrize("text", ["", "plain", "a\0b", "␀", "␛", "␛␀", "␀␛\0␛␛␀\0", "\0\0␛"])
def test_a_text_with_any_character_comes_back(text: str) -> None:
    kind = DIALECTS["postgresql"].any_text()
    stored = kind.process_bind_param(text, None)  # type: ignore[attr-defined]

    assert "\0" not in stored
    assert kind.process_result_value(stored, None) == text  # type: ignore[attr-defined]
