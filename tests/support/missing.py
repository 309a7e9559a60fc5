"""The reaction of a test to a missing prerequisite."""

import os
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip the test on a laptop; fail it in CI, where a skipped test would look like a passed one."""
    if os.environ.get("CI") == "true":
        raise pytest.fail.Exception(what, pytrace=False) from None
    raise pytest.skip.Exception(what) from None
