"""Chaos: services, broker, database, network and disk are broken at random under load; in the end all must be right."""
