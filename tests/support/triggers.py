"""Triggers that refuse rows: as an administrator might add them to a table."""

from sqlalchemy import text

from tests.support.deliveries import Warehouse

_SQLITE = (
    "CREATE TRIGGER {table}_{event} BEFORE {event} ON {table} WHEN {condition}"
    " BEGIN SELECT RAISE(ABORT, 'not here'); END"
)
_MYSQL = (
    "CREATE TRIGGER {table}_{event} BEFORE {event} ON {table} FOR EACH ROW IF {condition} THEN"
    " SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not here'; END IF"
)
_POSTGRESQL = (
    "CREATE FUNCTION {table}_{event}() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN IF {condition} THEN RAISE EXCEPTION 'not here'; END IF; RETURN NEW; END $$;"
    "CREATE TRIGGER {table}_{event} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_{event}()"
)
_TRIGGERS = {"sqlite": _SQLITE, "mysql": _MYSQL, "mariadb": _MYSQL, "postgresql": _POSTGRESQL}


def forbid(house: Warehouse, table: str, condition: str) -> None:
    """Refuse the rows of a condition about NEW, whether they are inserted or updated."""
    trigger = _TRIGGERS[house.schema.dialect.name]
    with house.database.transaction() as connection:
        for event in ("INSERT", "UPDATE"):
            connection.execute(text(trigger.format(table=table, event=event, condition=condition)))
