"""The database: engines, transactions, and errors sorted once. The one package that knows the drivers."""

from shared.storage.database.database import Database, Flavour, savepoint
from shared.storage.database.engines import ANSWER_TIMEOUT_SECONDS

__all__ = ["ANSWER_TIMEOUT_SECONDS", "Database", "Flavour", "savepoint"]
