"""The classification of database errors: a table of numbers, and the driver's errors without one."""

import sqlite3
from typing import Any

import pytest
from pymysql import err
from sqlalchemy import exc

from shared.model.errors import (
    ConcurrentInsert,
    DatabaseRefused,
    DatabaseUnavailable,
    InflowError,
    PossiblyTerminal,
    RowsRefused,
    TablesUnusable,
    TransientError,
    UnknownDatabaseError,
)
from shared.storage.database import DIALECTS, DatabaseDialect, error_numbers
from shared.storage.database.classification import classify, classify_connecting
from shared.storage.database.error_numbers import is_wrong_server, meaning_of
from shared.storage.database.meaning import Meaning

SERVER = "db.example:3306"
BOTH = (False, True)
MYSQL, MARIADB = (False,), (True,)

OUTAGE, TABLES, ROWS, STATEMENT, UNKNOWN = (
    Meaning.OUTAGE,
    Meaning.TABLES,
    Meaning.ROWS,
    Meaning.STATEMENT,
    Meaning.UNKNOWN,
)

#: Errors by their names in the servers' references; where the two servers differ, by server.
NUMBERS: list[tuple[str, int, tuple[bool, ...], Meaning]] = [
    # A server that leaves, is stopped, is read-only or is no longer in its group.
    ("SERVER_SHUTDOWN", 1053, BOTH, OUTAGE),
    ("OPTION_PREVENTS_STATEMENT: read_only", 1290, BOTH, OUTAGE),
    ("CANT_EXECUTE_IN_READ_ONLY_TRANSACTION", 1792, BOTH, OUTAGE),
    ("READ_ONLY_MODE", 1836, BOTH, OUTAGE),
    ("INNODB_READ_ONLY", 1874, BOTH, OUTAGE),
    ("SERVER_OFFLINE_MODE", 3032, BOTH, OUTAGE),
    ("GROUP_REPLICATION_CONFIGURATION", 3092, BOTH, OUTAGE),
    ("RUN_HOOK_ERROR", 3100, BOTH, OUTAGE),
    ("TRANSACTION_ROLLBACK_DURING_COMMIT", 3101, BOTH, OUTAGE),
    ("ERROR_DURING_COMMIT", 1180, BOTH, OUTAGE),
    ("GR_HOLD_WAIT_TIMEOUT", 3781, BOTH, OUTAGE),
    ("GR_HOLD_MEMBER_STATUS_ERROR", 3783, BOTH, OUTAGE),
    ("GRP_TRX_CONSISTENCY_BEFORE", 3797, BOTH, OUTAGE),
    ("GRP_TRX_CONSISTENCY_AFTER_ON_TRX_BEGIN", 3798, BOTH, OUTAGE),
    ("SCHEMA_READ_ONLY", 3989, BOTH, OUTAGE),
    ("OPERATION_NOT_ALLOWED_WHILE_PRIMARY_CHANGE_IS_RUNNING", 4094, MYSQL, OUTAGE),
    ("SERVER_OFFLINE_MODE_REASON", 6400, MYSQL, OUTAGE),
    ("WSREP has not yet prepared node", 1047, BOTH, OUTAGE),
    ("TABLE_DEF_CHANGED", 1412, BOTH, OUTAGE),
    ("PRIOR_COMMIT_FAILED", 1964, MARIADB, OUTAGE),
    ("TABLE_EXISTS_ERROR: made by another node meanwhile", 1050, BOTH, OUTAGE),
    # Connections, accounts, proxies.
    ("CON_COUNT_ERROR", 1040, BOTH, OUTAGE),
    ("ACCESS_DENIED_ERROR", 1045, BOTH, OUTAGE),
    ("NO_DB_ERROR", 1046, BOTH, OUTAGE),
    ("BAD_DB_ERROR", 1049, BOTH, OUTAGE),
    ("HOST_IS_BLOCKED", 1129, BOTH, OUTAGE),
    ("HOST_NOT_PRIVILEGED", 1130, BOTH, OUTAGE),
    ("MUST_CHANGE_PASSWORD", 1820, BOTH, OUTAGE),
    ("MUST_CHANGE_PASSWORD_LOGIN", 1862, BOTH, OUTAGE),
    ("CONNECTION_KILLED", 1927, MARIADB, OUTAGE),
    ("CR_SERVER_GONE_ERROR", 2006, BOTH, OUTAGE),
    ("CR_SERVER_LOST", 2013, BOTH, OUTAGE),
    ("CR_MALFORMED_PACKET", 2027, BOTH, OUTAGE),
    ("ACCOUNT_HAS_BEEN_LOCKED", 3118, BOTH, OUTAGE),
    ("USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK", 3955, BOTH, OUTAGE),
    ("CLIENT_INTERACTION_TIMEOUT", 4031, MYSQL, OUTAGE),
    ("ProxySQL: max connect timeout reached", 9001, BOTH, OUTAGE),
    ("RDS Proxy: timed out waiting for a connection", 9501, BOTH, OUTAGE),
    # Locks, time limits, room.
    ("HA_ERR_...: of the server's files", 28, BOTH, OUTAGE),
    ("CHECKREAD", 1020, BOTH, OUTAGE),
    ("RECORD_FILE_FULL", 1114, BOTH, OUTAGE),
    ("LOCK_WAIT_TIMEOUT", 1205, BOTH, OUTAGE),
    ("LOCK_DEADLOCK", 1213, BOTH, OUTAGE),
    ("QUERY_INTERRUPTED", 1317, BOTH, OUTAGE),
    ("STATEMENT_TIMEOUT", 1969, MARIADB, OUTAGE),
    ("QUERY_TIMEOUT", 3024, BOTH, OUTAGE),
    ("USER_LOCK_DEADLOCK", 3058, BOTH, OUTAGE),
    ("LOCK_NOWAIT", 3572, BOTH, OUTAGE),
    ("DISK_FULL_NOWAIT", 3675, MYSQL, OUTAGE),
    # Tables.
    ("BAD_FIELD_ERROR", 1054, BOTH, TABLES),
    ("TABLEACCESS_DENIED_ERROR", 1142, BOTH, TABLES),
    ("COLUMNACCESS_DENIED_ERROR", 1143, BOTH, TABLES),
    ("NO_SUCH_TABLE", 1146, BOTH, TABLES),
    ("KEY_DOES_NOT_EXIST: FORCE INDEX (PRIMARY)", 1176, BOTH, TABLES),
    # Rows.
    ("BAD_NULL_ERROR", 1048, BOTH, ROWS),
    ("DUP_ENTRY", 1062, BOTH, ROWS),
    ("TOO_BIG_ROWSIZE", 1118, BOTH, ROWS),
    ("WARN_DATA_OUT_OF_RANGE", 1264, BOTH, ROWS),
    ("TRUNCATED_WRONG_VALUE", 1292, BOTH, ROWS),
    ("NO_DEFAULT_FOR_FIELD", 1364, BOTH, ROWS),
    ("TRUNCATED_WRONG_VALUE_FOR_FIELD", 1366, BOTH, ROWS),
    ("DATA_TOO_LONG", 1406, BOTH, ROWS),
    ("ROW_IS_REFERENCED_2", 1451, BOTH, ROWS),
    ("NO_REFERENCED_ROW_2", 1452, BOTH, ROWS),
    ("NO_PARTITION_FOR_GIVEN_VALUE", 1526, BOTH, ROWS),
    ("SIGNAL_EXCEPTION", 1644, BOTH, ROWS),
    ("DATA_OUT_OF_RANGE", 1690, BOTH, ROWS),
    ("CHECK_CONSTRAINT_VIOLATED", 3819, BOTH, ROWS),
    ("CONSTRAINT_FAILED", 4025, MARIADB, ROWS),
    # The statement itself.
    ("NON_UNIQ_ERROR", 1052, BOTH, STATEMENT),
    ("PARSE_ERROR", 1064, BOTH, STATEMENT),
    ("TOO_LONG_KEY", 1071, BOTH, STATEMENT),
    ("WRONG_VALUE_COUNT_ON_ROW", 1136, BOTH, STATEMENT),
    ("UNKNOWN_SYSTEM_VARIABLE", 1193, BOTH, STATEMENT),
    ("CANNOT_ADD_FOREIGN", 1215, BOTH, STATEMENT),
    ("SUBQUERY_NO_1_ROW", 1242, BOTH, STATEMENT),
    ("CANT_AGGREGATE_2COLLATIONS", 1267, BOTH, STATEMENT),
    ("SP_DOES_NOT_EXIST", 1305, BOTH, STATEMENT),
    ("INVALID_JSON_TEXT_IN_PARAM", 3141, BOTH, STATEMENT),
    ("DUPLICATE_TABLE_LOCK", 3569, BOTH, STATEMENT),
    ("WRONG_JSON_TABLE_VALUE", 3666, MYSQL, STATEMENT),
    ("TABLE_MUST_HAVE_A_VISIBLE_COLUMN", 4028, MYSQL, STATEMENT),
    ("DUP_QUERY_NAME", 4004, MARIADB, STATEMENT),
    ("JSON_SYNTAX", 4038, MARIADB, STATEMENT),
    # Not in any list: of the servers' replication, engines and plugins, or newer than the lists.
    ("UNKNOWN_ERROR", 1105, BOTH, UNKNOWN),
    ("NET_PACKET_TOO_LARGE: the administrator may allow more", 1153, BOTH, UNKNOWN),
    ("TRANS_CACHE_FULL", 1197, BOTH, UNKNOWN),
    ("SPECIFIC_ACCESS_DENIED_ERROR", 1227, BOTH, UNKNOWN),
    ("GET_ERRMSG", 1296, BOTH, UNKNOWN),
    ("VIEW_INVALID", 1356, BOTH, UNKNOWN),
    ("WRITE_SET_EXCEEDS_LIMIT", 3231, BOTH, UNKNOWN),
    ("CONSTRAINT_FAILED is MariaDB's", 4025, MYSQL, UNKNOWN),
    ("CLIENT_INTERACTION_TIMEOUT is MySQL's", 4031, MARIADB, UNKNOWN),
    ("a number of tomorrow", 6999, BOTH, UNKNOWN),
]

TABLE = [(number, is_mariadb, meaning) for _, number, servers, meaning in NUMBERS for is_mariadb in servers]


def dialect(*, is_mariadb: bool = False) -> DatabaseDialect:
    return DIALECTS["mariadb" if is_mariadb else "mysql"]


def dbapi_error(original: BaseException, kind: type[exc.DBAPIError] = exc.OperationalError) -> exc.DBAPIError:
    return kind("SELECT 1", None, original)


def of_number(number: int) -> exc.DBAPIError:
    return dbapi_error(err.OperationalError(number, "words of the server"))


@pytest.mark.parametrize(("number", "is_mariadb", "meaning"), TABLE)
def test_every_number_means_what_the_servers_reference_says(number: int, is_mariadb: bool, meaning: Meaning) -> None:
    assert meaning_of(number, is_mariadb=is_mariadb) is meaning


@pytest.mark.parametrize("is_mariadb", BOTH)
def test_no_number_has_two_meanings(is_mariadb: bool) -> None:
    lists = list((error_numbers._OF_MARIADB if is_mariadb else error_numbers._OF_MYSQL).values())

    assert sum(map(len, lists)) == len(frozenset().union(*lists))


@pytest.mark.parametrize("is_mariadb", BOTH)
def test_an_error_in_no_list_is_retried_for_a_limited_time(is_mariadb: bool) -> None:
    """With the opposite rule, the next unknown error of a failover would dead-letter healthy messages."""
    known = frozenset().union(*(error_numbers._OF_MARIADB if is_mariadb else error_numbers._OF_MYSQL).values())
    for number in set(range(1000, 20_000)) - known:
        error = classify(of_number(number), dialect(is_mariadb=is_mariadb), server=SERVER)
        assert type(error) is UnknownDatabaseError
    assert issubclass(UnknownDatabaseError, PossiblyTerminal)
    assert issubclass(PossiblyTerminal, TransientError)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (3100, DatabaseUnavailable),
        (1146, TablesUnusable),
        (1406, RowsRefused),
        (1064, DatabaseRefused),
        (1105, UnknownDatabaseError),
    ],
)
def test_each_meaning_is_a_class_of_error(number: int, kind: type[InflowError]) -> None:
    assert type(classify(of_number(number), dialect(), server=SERVER)) is kind


@pytest.mark.parametrize("number", [3100, 1146, 1064, 1105])
def test_an_error_names_the_server(number: int) -> None:
    error = classify(of_number(number), dialect(), server=SERVER)

    assert str(error) == f"database db.example:3306: ({number}, 'words of the server')"


def test_a_refused_row_has_only_the_servers_message() -> None:
    """The sender of the file reads it."""
    assert str(classify(of_number(1406), dialect(), server=SERVER)) == "words of the server"


@pytest.mark.parametrize("number", [3118, 1862, 3955, 1045, 1064, 1105, 1146, 7777])
def test_what_fails_while_logging_in_is_an_outage_whatever_its_number(number: int) -> None:
    error = classify_connecting(of_number(number), dialect(), server=SERVER)

    assert type(error) is DatabaseUnavailable
    assert "db.example:3306" in str(error)


def test_only_an_inserted_primary_key_is_a_conflict() -> None:
    def sorted_duplicate(key: str) -> InflowError:
        original = err.IntegrityError(1062, f"Duplicate entry 'x' for key '{key}'")
        return classify(dbapi_error(original, exc.IntegrityError), dialect(), server=SERVER)

    assert type(sorted_duplicate("people.PRIMARY")) is ConcurrentInsert
    assert type(sorted_duplicate("people.added_by_hand")) is RowsRefused


@pytest.mark.parametrize(
    "number", [1046, 1047, 1290, 1792, 1836, 1874, 3032, 3092, 3100, 3798, 3989, 4094, 6400, 2013, 9001]
)
def test_a_server_that_can_not_serve_us_costs_the_connection(number: int) -> None:
    assert is_wrong_server(number, is_mariadb=False)


@pytest.mark.parametrize("number", [1205, 1213, 1062, 1064, 1105, 1146, 3101, 1040])
def test_other_errors_do_not(number: int) -> None:
    assert not is_wrong_server(number, is_mariadb=False)


def test_4031_ends_a_connection_to_mysql_and_is_about_triggers_on_mariadb() -> None:
    assert is_wrong_server(4031, is_mariadb=False)
    assert not is_wrong_server(4031, is_mariadb=True)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exc.TimeoutError("the pool is exhausted"), DatabaseUnavailable),
        (exc.CompileError("no such type"), DatabaseRefused),
        (exc.ArgumentError("no such thing"), DatabaseRefused),
        (exc.StatementError("a value is required", "SELECT :x", None, ValueError()), DatabaseRefused),
        (exc.NoSuchTableError("people"), UnknownDatabaseError),
        (exc.PendingRollbackError("roll back first"), UnknownDatabaseError),
        (dbapi_error(err.InternalError("Packet sequence number wrong - got 5 expected 1")), DatabaseUnavailable),
    ],
)
def test_errors_without_a_number_are_sorted_too(error: exc.SQLAlchemyError, kind: type[InflowError]) -> None:
    sorted_error = classify(error, dialect(), server=SERVER)

    assert type(sorted_error) is kind
    assert str(sorted_error).startswith("database db.example:3306: ")


def test_what_the_driver_calls_data_is_of_rows_where_no_list_has_it() -> None:
    error = dbapi_error(err.DataError(1105, "out of range"), exc.DataError)

    assert type(classify(error, dialect(), server=SERVER)) is RowsRefused


def sqlite_error(statement: str) -> exc.DBAPIError:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER UNIQUE)")
    connection.execute("INSERT INTO t VALUES (1, 1)")
    try:
        connection.execute(statement)
    except sqlite3.IntegrityError as error:
        return dbapi_error(error, exc.IntegrityError)
    except sqlite3.Error as error:
        return dbapi_error(error)
    finally:
        connection.close()
    raise AssertionError(statement)


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("INSERT INTO t VALUES (1, 2)", ConcurrentInsert),
        ("INSERT INTO t VALUES (2, 1)", RowsRefused),
        ("SELECT * FROM missing", TablesUnusable),
        ("SELECT missing FROM t", TablesUnusable),
        ("SELEC", DatabaseRefused),
    ],
)
def test_errors_of_sqlite_are_sorted_by_its_closed_list(statement: str, kind: type[InflowError]) -> None:
    assert type(classify(sqlite_error(statement), DIALECTS["sqlite"], server="")) is kind


def test_a_file_that_is_not_a_database_is_not_retried(tmp_path: Any) -> None:
    path = tmp_path / "inflow.sqlite"
    path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(sqlite3.DatabaseError) as caught, sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    connection.close()

    error = classify_connecting(dbapi_error(caught.value, exc.DatabaseError), DIALECTS["sqlite"], server="")

    assert type(error) is DatabaseRefused
