"""What an enemy may put where a file of ours will be written, and the file elsewhere that must stay as it is."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

SECRET = b"what nobody may write to"

#: Makes something at a path, with the help of a file elsewhere.
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
    """Make the file elsewhere, in a folder of its own."""
    secret = folder / "elsewhere" / "secret"
    secret.parent.mkdir()
    secret.write_bytes(SECRET)
    return secret


def assert_untouched(secret: Path) -> None:
    """See that the file elsewhere is as it was, and still the only one there."""
    assert {path.name: path.read_bytes() for path in secret.parent.iterdir()} == {secret.name: SECRET}
