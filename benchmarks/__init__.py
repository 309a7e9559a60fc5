"""How fast Inflow is, beside what users would take instead; docs/performance.md explains it."""
