"""Real servers for the tests: found or started when first needed, ended with the session."""
