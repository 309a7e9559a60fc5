"""The benchmark of Inflow and its alternatives; docs/performance.md explains it."""
