"""Crash points: a service kills itself by SIGKILL at a named step, on real servers, and everything must converge."""
