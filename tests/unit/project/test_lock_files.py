"""The lock files, written by `make lock`, are up to date."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PRODUCT = PROJECT["dependencies"]
TOOLS = PROJECT["optional-dependencies"]["dev"]


def locked(name: str) -> dict[str, str]:
    pinned = re.findall(r"^([\w.-]+)==([^ \\]+)", (ROOT / name).read_text(), flags=re.MULTILINE)
    return {canonicalize_name(package): version for package, version in pinned}


@pytest.mark.parametrize(
    ("name", "dependencies"),
    [("requirements.lock", PRODUCT), ("requirements-dev.lock", PRODUCT + TOOLS)],
)
def test_every_dependency_is_locked_within_its_range(name: str, dependencies: list[str]) -> None:
    versions = locked(name)

    for dependency in map(Requirement, dependencies):
        assert dependency.specifier.contains(versions[canonicalize_name(dependency.name)]), dependency


def test_the_tools_are_locked_with_the_same_versions_as_the_product() -> None:
    assert locked("requirements.lock").items() <= locked("requirements-dev.lock").items()


def test_the_image_gets_no_tools() -> None:
    assert not {"pytest", "mypy", "ruff"} & locked("requirements.lock").keys()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_no_lock_file_names_a_host_or_an_index(name: str) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links", (ROOT / name).read_text())
