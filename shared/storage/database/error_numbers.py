"""Error numbers of MySQL 8.0 to 9.7 and MariaDB 10.6 to 11, by what they mean for a retry. Pure.

From the servers' own error references (MySQL's messages_to_clients.txt, MariaDB's errmsg-utf8.txt). A number that is in
no list is not known to be final. Up to 3999 both servers share the numbers, from 4000 on each has its own.
"""

from collections.abc import Iterator

from shared.storage.database.meaning import Meaning


def meaning_of(number: int, *, is_mariadb: bool) -> Meaning:
    """Look up an error number in the lists."""
    by_server = _OF_MARIADB if is_mariadb else _OF_MYSQL
    return next((meaning for meaning, numbers in by_server.items() if number in numbers), Meaning.UNKNOWN)


def is_wrong_server(number: int, *, is_mariadb: bool) -> bool:
    """Whether this connection leads to a server that can't serve us: a retry needs a new connection."""
    return number in _WRONG_SERVER or (number in _WRONG_MYSQL_SERVER and not is_mariadb)


def _numbers(*groups: int | range) -> Iterator[int]:
    for group in groups:
        yield from (group,) if isinstance(group, int) else group


#: The server of this connection can't serve us now, but another one may: a retry must connect again.
_WRONG_SERVER = frozenset(
    _numbers(
        # Read only: the option, the transaction, the server, InnoDB, the schema.
        1290, 1792, 1836, 1874, 3989,
        # Offline mode, in two wordings.
        3032, 6400,
        # Group Replication: the member is not, or no longer, in a group that can commit; queries are held back;
        # the requested consistency can't be guaranteed; the primary is being changed.
        3092, 3100, range(3781, 3784), range(3796, 3800), 4094, 6141,
        # Galera: the node is not ready ("WSREP has not yet prepared node for application use").
        1047,
        # Shutting down; killed; idle for too long; not available.
        1053, 1077, 1079, 1080, 1927, 3168, 3169,
        # The account must change its password; the session has lost its database.
        1046, 1820,
        # The network between client and server, as the server sees it.
        1152, range(1154, 1162), 1184, 1835,
        # The client library's numbers: all of them are about the connection.
        range(2000, 3000),
        # Proxies, whose numbers no server uses: ProxySQL from 9001, Amazon's RDS Proxy from 9501.
        range(9000, 10000),
    )
)  # fmt: skip
#: The same, of MySQL only: idle for too long, the memory limit of one or all connections reached.
_WRONG_MYSQL_SERVER = frozenset({4031, 4081, 4082})

#: The same transaction may succeed on the same connection.
_OUTAGE = frozenset(
    _numbers(
        # The server's own files and memory, not SQL (include/mysys_err.h of both).
        range(1, 1000),
        # Files: the disk is full or gone, too many open files.
        range(1015, 1019), 1021, 1023, 1024, 1026, 1028, 1030, 1036, 1114, 1810, 1811, 1878, 3675,
        # Memory and threads.
        1037, 1038, 1041, 1135, 1257, 3015, 3044, 3170, 3985,
        # Too many connections or transactions; the host is blocked or not allowed.
        1040, 1129, 1130, 1203, 1226, 1637,
        # The account or the database does not exist yet, or no longer; it is locked or expired.
        1044, 1045, 1049, 1698, 1862, 3118, 3159, 3503, 3879, 3955,
        # Locks: wait timeout, deadlock, lock table full, a lock on all tables, user-level locks.
        1205, 1206, 1213, 1223, 1614, 1689, 3058, 3132, 3133, 3177, 3572,
        # The row, the table or the statement changed in the meantime (Galera returns 1412 after another node's DDL).
        1020, 1412, 1615,
        # "Temporary error" of a storage engine.
        1297,
        # The commit failed: in the engine, by the vote of a group, or because an earlier one failed (MariaDB).
        1180, 1181, 1964, 3101,
        # Another node created or dropped the table, column, index or foreign key in the meantime.
        1050, 1060, 1061, 1091, 1826,
        # Interrupted by an administrator or a time limit.
        1317, 1969, 3024,
    )
)  # fmt: skip

#: A column, a table or a primary key that is missing or may not be used.
_TABLES = frozenset({1054, 1142, 1143, 1146, 1176, 1932})

#: Errors in a row's values, or raised by a trigger for them.
_ROWS = frozenset(
    _numbers(
        # Constraints: keys, NOT NULL, foreign keys, CHECK, partitions, WITH CHECK OPTION.
        1022, 1048, 1062, 1169, 1216, 1217, 1369, 1451, 1452, 1526, 1557, 1586, 1748, 1761, 1762, 1859, 1863,
        3673, 3819,
        # Values: out of range, too long, of the wrong type or character set, no default.
        range(1263, 1266), 1292, 1300, 1364, 1365, 1366, 1367, 1406, 1411, 1441, 1525, 1690, 3751, 3752, 3854,
        range(3903, 3909),
        # The row is too large.
        1118, 1713,
        # SIGNAL.
        range(1642, 1645),
    )
)  # fmt: skip
#: MariaDB's CHECK, and its errors in conversions, generated columns and default values.
_ROWS_OF_MARIADB = frozenset({1906, 1916, 1917, 1918, 1977, 4025, 4027, 4028})

#: Errors in the statement itself, whatever the rows: it would be refused again.
_STATEMENT = frozenset(
    _numbers(
        # Syntax; not supported; not allowed here.
        1064, 1065, 1149, 1178, 1179, 1235, 1295, 1382, 1415, 1422, 3658,
        # Names and columns of a query: ambiguous, repeated, misplaced, unknown, too many or too few.
        1052, range(1055, 1060), 1066, 1093, 1096, range(1102, 1105), range(1109, 1114), 1116, 1117, 1120, 1136,
        range(1138, 1141), 1172, 1191, 1222, range(1241, 1243), range(1247, 1249), 1250, 1288, 1327, 1347, 1348,
        range(1393, 1396), 1414, range(1462, 1464), 1471, 1473, 1735, 1747, 3028, 3029, 3065, 3066, 3087, 3088,
        3567, 3568, 3569, 3602, 3942, 3943, 3953, 3954,
        # Functions, variables and stored programs: unknown, with wrong arguments; regular expressions.
        1106, 1107, 1108, 1122, 1128, 1193, 1210, 1221, range(1228, 1235), 1238, 1243, range(1302, 1317),
        range(1318, 1327), range(1328, 1340), 1407, 1424, 1442, 1456, 1578, range(1582, 1585), 1630, 1649, 3020, 3057,
        3061, 3064, 3513, 3514, 3516, 3601, range(3684, 3698), 3700, 3887, 3900, 3986, 3994, 3997, 3998, 4163,
        # Character sets and collations; time zones.
        1115, 1253, 1267, 1270, 1271, 1273, 1298, 3987, 3988, 3995,
        # JSON: texts, paths, casts, JSON_TABLE.
        3069, range(3140, 3159), 3165, range(3665, 3671), 3853, 3966, 3967,
        # Common table expressions and windows.
        range(3573, 3578), range(3579, 3599), 3636,
        # Definitions of columns, keys and tables.
        1063, range(1067, 1076), 1089, 1090, 1097, 1101, 1121, 1163, 1164, 1166, 1167, 1170, 1171, 1173, 1214, 1215,
        1225, 1239, 1240, 1280, 1286, 1294, 1391, range(1425, 1428), 1439, 1628, 1629, 1688, 1709, 1818, 1821, 1822,
        1823, 1825, range(1828, 1834), range(1845, 1858), 1860, 1861, 1967, 3013, range(3102, 3110), 3152, 3174, 3175,
        3500, 3504, 3505, 3550, 3733, 3734, 3750, range(3753, 3775), 3780, range(3812, 3819), range(3820, 3824),
        3913,
        # SAFE UPDATES and MAX_JOIN_SIZE of the session.
        1175,
    )
)  # fmt: skip
#: MySQL's newer ones: casts, assignments, columns, windows, recursion, QUALIFY, grouping.
_STATEMENT_OF_MYSQL = frozenset(
    _numbers(4028, range(4032, 4035), 4048, 4075, 4086, 4114, 4130, 4169, 6034, 6036, 6123, 6125, 6135, 6432, 6527)
)
#: MariaDB's own: generated columns, options, casts, windows, JSON, types, JSON_TABLE, vectors.
_STATEMENT_OF_MARIADB = frozenset(
    _numbers(
        1901, range(1903, 1906), 1907, range(1910, 1913), range(1919, 1924), 1970, 1971, 1978,
        range(4002, 4025), 4026, range(4029, 4031), 4032, range(4035, 4047), 4051, 4074, range(4078, 4084),
        range(4089, 4094), range(4099, 4109), range(4140, 4142), 4152, 4159, 4161, 4162, 4172, range(4176, 4181),
        4187,
    )
)  # fmt: skip

_OF_MYSQL = {
    Meaning.OUTAGE: _OUTAGE | _WRONG_SERVER | _WRONG_MYSQL_SERVER,
    Meaning.TABLES: _TABLES,
    Meaning.ROWS: _ROWS,
    Meaning.STATEMENT: _STATEMENT | _STATEMENT_OF_MYSQL,
}
_OF_MARIADB = {
    Meaning.OUTAGE: _OUTAGE | _WRONG_SERVER,
    Meaning.TABLES: _TABLES,
    Meaning.ROWS: _ROWS | _ROWS_OF_MARIADB,
    Meaning.STATEMENT: _STATEMENT | _STATEMENT_OF_MARIADB,
}
