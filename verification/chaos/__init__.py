"""Chaos: random faults of services, broker, database, network and disk under load, after which all must converge."""
