"""Runs eight writers on the same keys at the same time: python -m verification.contention."""

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "tests/integration/test_eight_writers.py"]))
