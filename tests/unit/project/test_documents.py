"""The tests, files and links that the documents name exist."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from shared.configuration.catalog import parse_catalog
from shared.model.datasets import FORMATS, Column, Dataset, ReadSettings
from shared.model.errors import ConfigurationError

ROOT = Path(__file__).parents[3]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]


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


def anchors_of(document: Path) -> set[str]:
    """Return what the forge calls the headings of a document."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_links_point_to_existing_files_and_headings() -> None:
    broken = []
    for document in DOCUMENTS:
        for path, _, anchor in re.findall(r"\]\(([^)#]*)(#([^)]*))?\)", document.read_text()):
            target = document.parent / path if path else document
            if "://" in path:
                continue
            if not target.exists() or (anchor and anchor not in anchors_of(target)):
                broken.append(f"{document.relative_to(ROOT)}: {path}#{anchor}")

    assert broken == []


def test_every_page_is_in_the_navigation_of_the_site() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2]
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}

    assert sorted(re.findall(r"[\w/.-]+\.md", navigation)) == sorted(pages)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_named_test_files_exist(document: Path) -> None:
    named = re.findall(r"`((?:unit|integration|e2e|faults)/test_\w+\.py)`", document.read_text())

    assert [name for name in named if not (ROOT / "tests" / name).exists()] == []


def settings_documented_under(heading: str) -> list[str]:
    """Return the names in the first table of a section."""
    section = (ROOT / "docs/configuration.md").read_text().partition(f"\n### {heading}\n")[2]
    table = section.partition("\n| --- ")[2].partition("\n\n")[0]
    return re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)


@pytest.mark.parametrize(
    ("heading", "declared"), [("A dataset", Dataset), ("How files are read", ReadSettings), ("A column", Column)]
)
def test_the_documents_have_a_line_for_each_setting(heading: str, declared: type) -> None:
    assert sorted(settings_documented_under(heading)) == sorted({field.name for field in fields(declared)} - {"name"})


@pytest.mark.parametrize("setting", settings_documented_under("A column"))
def test_each_documented_setting_of_a_column_is_known(setting: str) -> None:
    dataset = 'files = ["things*"]\nkey = ["id"]\n[datasets.things.columns]\nid = { type = "integer" }'

    with pytest.raises(ConfigurationError) as raised:
        parse_catalog(f"[datasets.things]\n{dataset}\nsize = {{ {setting} = {{}} }}", source="inflow.toml")

    assert "unknown setting" not in str(raised.value)


def test_the_documents_name_each_format() -> None:
    section = (ROOT / "docs/configuration.md").read_text().partition("\n### How files are read\n")[2]
    line = next(line for line in section.splitlines() if line.startswith("| `format` |"))

    assert re.findall(r"`(\w+)`", line) == ["format", *FORMATS]


@pytest.mark.parametrize("document", [ROOT / "CONTRIBUTING.md", ROOT / "docs/architecture.md"], ids=lambda p: p.name)
def test_files_and_folders_that_are_named_exist(document: Path) -> None:
    named = re.findall(r"`((?:inflow|services|shared|tests|docs)/[\w./]+)`", document.read_text())

    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []
