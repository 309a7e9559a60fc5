"""How each server reads a JSON text as a table: rows and keys travel as one text, whatever their number."""

from collections.abc import Sequence

from sqlalchemy.dialects import mysql, sqlite
from sqlalchemy.types import String, TypeEngine

from shared.storage.database import Flavour
from shared.storage.schema.table_parts import COLLATIONS

SqlType = TypeEngine[object]


class JsonSql:
    """Fragments of SQL about a JSON text, whose rows are arrays; as a table it is named j."""

    def __init__(self, flavour: Flavour) -> None:
        self._flavour = flavour
        self.is_sqlite = flavour == "sqlite"
        self._dialect = sqlite.dialect() if self.is_sqlite else mysql.dialect()

    def quote(self, name: str) -> str:
        """A name as the server takes any."""
        return self._dialect.identifier_preparer.quote_identifier(name)

    def table(self, document: str, types: Sequence[SqlType], *, path: str = "$", further: str = "") -> str:
        """The rows at a path of a document; `further` are columns before those of the types."""
        if self.is_sqlite:
            return f"json_each({document}, '{path}') AS j"
        first = 1 if further else 0
        columns = [f"c{n} {self._type(sql_type)} PATH '$[{n}]'" for n, sql_type in enumerate(types, start=first)]
        return f"JSON_TABLE({document}, '{path}[*]' COLUMNS({', '.join(filter(None, [further, *columns]))})) AS j"

    def cell(self, position: int) -> str:
        """One cell of the JSON's current row."""
        return f"json_extract(j.value, '$[{position}]')" if self.is_sqlite else f"j.c{position}"

    def _type(self, sql_type: SqlType) -> str:
        """A text column names its character set: MariaDB takes the database's otherwise, and loses characters."""
        name = sql_type.compile(self._dialect)
        if isinstance(sql_type, String):
            return f"{name} CHARACTER SET utf8mb4 COLLATE {COLLATIONS[self._flavour]}"
        return name
