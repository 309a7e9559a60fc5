"""MariaDB 10.6 to 11: MySQL except for a collation, the newer error numbers and the syntax of locks."""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.storage.database.dialects.mysql import MySql


class MariaDb(MySql):
    """MariaDB."""

    name = "mariadb"
    title = "MariaDB"
    collation = "utf8mb4_nopad_bin"
    table_options: ClassVar[Mapping[str, Any]] = {**MySql.table_options, "mysql_collate": collation}
    _for_update = "FOR UPDATE"
    _for_share = "LOCK IN SHARE MODE"
    _is_mariadb = True
