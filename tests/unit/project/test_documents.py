"""The tests, files and links that the documents name exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_test_that_the_guarantees_name_exists() -> None:
    text = (ROOT / "docs/guarantees.md").read_text()
    named = set(re.findall(r"\btest_\w+(?!\.py)\b", re.sub(r"\S+\.py", "", text)))
    code = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))

    assert len(named) > 20
    assert [name for name in sorted(named) if f"def {name}(" not in code] == []


def test_every_guarantee_is_listed_with_a_test() -> None:
    sections = re.split(r"^## ", (ROOT / "docs/guarantees.md").read_text(), flags=re.MULTILINE)
    guarantees = [section for section in sections if re.match(r"G\d+ ", section)]

    assert len(guarantees) == 11
    assert all("test_" in section for section in guarantees)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_point_to_existing_files(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", document.read_text())

    assert [t for t in targets if "://" not in t and not (document.parent / t).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_test_files_exist(document: Path) -> None:
    named = re.findall(r"`((?:unit|integration|e2e|faults)/test_\w+\.py)`", document.read_text())

    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []
