"""Crash points: each service ends itself by SIGKILL at a named step, on real servers, and everything must converge."""
