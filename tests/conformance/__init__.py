"""One suite for every database: a feature is a test, and a database has it when the test passes there."""
