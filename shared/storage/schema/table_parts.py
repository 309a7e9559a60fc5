"""What tables are made of on each kind of server: their options, and the types of their columns."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Double, LargeBinary, MetaData, Numeric, String, Table, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

from shared.model.datasets import Column
from shared.storage.database import Flavour

#: Byte-exact and without padding, so that José is not Jose, A is not a, and 'a ' is not 'a'.
COLLATIONS: dict[Flavour, str | None] = {
    "mysql": "utf8mb4_0900_bin",
    "mariadb": "utf8mb4_nopad_bin",
    "sqlite": None,
}
#: How much of a SHA-256 is kept: two of 2**64 values are likely to have the same.
DIGEST_BYTES = 16
#: Of -2.2250738585072014e-308.
_MAX_FLOAT_LENGTH = 24


def new_table(
    metadata: MetaData,
    flavour: Flavour,
    name: str,
    *items: SchemaItem,
    comment: str | None = None,
) -> Table:
    """Add a table to the metadata, with the options that all tables have."""
    options: dict[str, Any] = {}
    if flavour != "sqlite":
        options = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": COLLATIONS[flavour]}
    return Table(name, metadata, *items, comment=comment, **options)


def sql_type(column: Column) -> TypeEngine[Any]:
    """Return the type of a dataset's column.

    SQLite has no exact decimal, and reads some floats as their neighbours, so it keeps the texts of both.
    """
    types: dict[str, TypeEngine[Any]] = {
        "text": String(column.length),
        "integer": BigInteger(),
        "decimal": Numeric(column.precision, column.scale).with_variant(String(column.precision + 2), "sqlite"),
        "float": Double().with_variant(String(_MAX_FLOAT_LENGTH), "sqlite"),
        "date": Date(),
        "timestamp": instant(),
        "boolean": Boolean(),
    }
    return types[column.type]


def instant() -> TypeEngine[Any]:
    """Return the type of a time, to the microsecond."""
    return DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def long_text() -> TypeEngine[Any]:
    """Return the type of a text that may be long."""
    return Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")


def digest() -> TypeEngine[Any]:
    """Return the type of a digest."""
    return LargeBinary(DIGEST_BYTES).with_variant(mysql.BINARY(DIGEST_BYTES), "mysql", "mariadb")
