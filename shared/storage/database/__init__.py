"""The database: engines, transactions, and errors sorted once. The one package that knows the drivers."""

from shared.storage.database.database import Database
from shared.storage.database.dialects import DIALECTS, DIGEST_BYTES, DatabaseDialect, SqlType, dialect_of
from shared.storage.database.waits import ANSWER_TIMEOUT_SECONDS

__all__ = ["ANSWER_TIMEOUT_SECONDS", "DIALECTS", "DIGEST_BYTES", "Database", "DatabaseDialect", "SqlType", "dialect_of"]
