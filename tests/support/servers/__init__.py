"""Real servers for the tests: found or started when a test first asks for one, ended with the session."""
