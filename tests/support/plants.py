"""Objects that an attacker may plant at the name of one of our files, and a file elsewhere that must not change."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

SECRET = b"must not be overwritten"

#: Creates an object at a path, using a file elsewhere.
Plant = Callable[[Path, Path], object]
_LINKS: dict[str, Plant] = {
    "link to a file": lambda path, secret: path.symlink_to(secret),
    "link to a folder": lambda path, secret: path.symlink_to(secret.parent),
    "dangling link": lambda path, secret: path.symlink_to(secret.with_name("new")),
}
_ANYTHING: dict[str, Plant] = {**_LINKS, "pipe": lambda path, _: os.mkfifo(path)}
linked = pytest.mark.parametrize("plant", _LINKS.values(), ids=_LINKS.keys())
planted = pytest.mark.parametrize("plant", _ANYTHING.values(), ids=_ANYTHING.keys())


def make_secret(folder: Path) -> Path:
    """Create the file elsewhere, in a folder of its own."""
    secret = folder / "elsewhere" / "secret"
    secret.parent.mkdir()
    secret.write_bytes(SECRET)
    return secret


def assert_untouched(secret: Path) -> None:
    """Check that the file elsewhere is unchanged, and still the only one in its folder."""
    assert {path.name: path.read_bytes() for path in secret.parent.iterdir()} == {secret.name: SECRET}
