import pytest

from shared.storage.database import DIALECTS
from shared.storage.schema.grants import grant_statements
from shared.storage.schema.schema import build_schema
from tests.support.catalogs import default_catalog

SCHEMA = build_schema(default_catalog(), DIALECTS["mysql"])
#: Written only by the account that prepares the tables.
PREPARED = {"inflow_installation", "inflow_migrations"}


def statements(service: str, *, database: str = "loads") -> list[str]:
    return list(grant_statements(SCHEMA, service, database=database, account="'a'@'%'"))


def test_every_service_reads_all_tables_and_only_what_prepares_them_may_create_any() -> None:
    for service in ("watcher", "writer", "aggregator"):
        first, *others = statements(service)
        assert first == "GRANT SELECT ON `loads`.* TO 'a'@'%'"
        assert not [each for each in others if "CREATE" in each or ".*" in each]
    assert statements("migrate") == [
        "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, REFERENCES ON `loads`.* TO 'a'@'%'"
    ]


def test_only_the_writer_writes_data() -> None:
    writing = {
        service: [each for each in statements(service) if "`people`" in each or "`places`" in each]
        for service in ("watcher", "writer", "aggregator")
    }

    assert (writing["watcher"], writing["aggregator"]) == ([], [])
    assert writing["writer"] == [
        "GRANT INSERT, UPDATE ON `loads`.`places` TO 'a'@'%'",
        "GRANT INSERT, UPDATE ON `loads`.`people` TO 'a'@'%'",
    ]


@pytest.mark.parametrize("table", sorted(set(SCHEMA.metadata.tables) - PREPARED))
def test_every_table_is_written_by_some_service(table: str) -> None:
    """A new table needs a decision here; what each service writes is tested on servers, in test_rights.py."""
    granted = [each for service in ("watcher", "writer", "aggregator") for each in statements(service)[1:]]

    assert any(f".`{table}` " in statement for statement in granted)


def test_an_underscore_in_the_database_s_name_is_literal() -> None:
    all_tables, one_table, *_ = statements("watcher", database="my_loads`s")

    assert all_tables == r"GRANT SELECT ON `my\_loads``s`.* TO 'a'@'%'"
    assert one_table == "GRANT INSERT, UPDATE ON `my_loads``s`.`inflow_changes` TO 'a'@'%'"
