"""One meaning per name, no crumbs of modules, and no relapse into the phrases that were replaced."""

import ast
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PRODUCT = ("inflow", "services", "shared")

#: Names that two modules may share, and why.
REPEATED_MODULES = {
    "healing": "both to be renamed: the counting of healed rejects, and the recognition of corrected rejects files",
    "installation": "one to be renamed: what a command works on, and the identity of a database",
    "records": "the records of one format, in each reader",
    "loads": "the loads in the ledger, and the operation that lists them",
    "rejects": "the rejects in the ledger, and the operation that lists them",
    "service": "the entry point of each service",
    "values": "the typed values of columns, and the values of JSON before that",
}
REPEATED_CLASSES = {
    "_Block": "private to two modules: one to be renamed by its owner",
}

MAX_LINES = 30
#: Modules of fewer lines, and why they are not part of another one.
SHORT_MODULES = {
    "inflow/pages.py": "used by every command that lists",
    "inflow/presentation/text_table.py": "used by several reports",
    "services/extractor/comparing/background_query.py": "a thread, apart from the queries that it runs",
    "services/writer/keys.py": "used by merging, references and deltas",
    "shared/model/unreadable_rows.py": "the reader and the messages need this type without the typing of rows",
    "shared/operations/give_up.py": "an operation",
    "shared/operations/rejects.py": "an operation",
    "shared/operations/schema_file.py": "an operation, and the source of schema.sql",
    "shared/profiling/batch.py": "the input of every part of a profile",
    "shared/profiling/codes.py": "a list of words that is edited on its own",
    "shared/profiling/occurrences.py": "used by type inference and anomalies",
    "shared/profiling/printable.py": "used by counting and by every output",
    "shared/reading/detection/alignment.py": "one rule of detection",
    "shared/reading/detection/sheet_doubts.py": "one rule of detection, for spreadsheets only",
    "shared/reading/parquet/int96.py": "one obsolete type of Parquet",
    "shared/reading/sources.py": "the interface of every reader",
    "shared/reading/table_rows.py": "used by the readers of every format",
    "shared/reading/total_rows.py": "one rule, for every format",
    "shared/runtime/clock.py": "the one place that reads the time",
    "shared/runtime/exit_codes.py": "a contract with whoever runs the processes",
    "shared/runtime/steps.py": "the convention of all long jobs",
    "shared/runtime/version.py": "the one place that reads the installed version",
    "shared/storage/database/dialects/mariadb.py": "one database, of which little differs from MySQL",
    "shared/storage/database/meaning.py": "used by every dialect and by the lists of errors",
    "shared/storage/counting/lock_counts.py": "folding and building share this lock and nothing else",
    "shared/storage/ledger/summary_files.py": "the statements of one table of the ledger",
    "shared/storage/schema/installation.py": "the statements of one table",
}

#: Packages and files whose English is done; the others are added when theirs is.
DONE = (
    "shared/model",
    "shared/messaging",
    "shared/runtime",
    "shared/configuration",
    "shared/profiling",
    "shared/extraction",
    "shared/operations",
    "shared/service",
    "shared/reading",
    "shared/storage",
    "inflow",
    "services/aggregator",
    "services/extractor",
    "services/watcher",
    "services/writer",
    "benchmarks",
    "docker",
    "scripts",
    "verification",
    "tests/e2e",
    "tests/faults",
    "tests/integration",
    "tests/support",
    "tests/unit/aggregator",
    "tests/unit/configuration",
    "tests/unit/messaging",
    "tests/unit/model",
    "tests/unit/operations",
    "tests/unit/profiling",
    "tests/unit/project",
    "tests/unit/runtime",
    "tests/unit/storage",
    "tests/unit/support",
    ".env.example",
    "CHANGELOG.md",
    "docker-compose.yml",
    "docs/decisions",
    "inflow.toml",
)
PROSE = ("", ".md", ".py", ".sh", ".toml", ".yml")
#: Phrases that read as translated, and what to write.
PHRASES = {
    r"(?<![Tt]here )\b(?:is|are|was|were) no (?!longer\b|more\b)": "is not a …",
    r"(?<![\w.])alone\b(?! =)": "only",
    r"\bstands? (?:for|in|on|at|beside|behind|before)\b": "is, means",
    r"\bso many\b": "this many, or the name of the number",
    r"\banew\b": "again",
    r"\b(?:some|no)body\b": "name who",
    r"\bas it stands\b": "unchanged",
    r"(?<!each )(?<!none )(?<!any )(?<!some )(?<!all )(?<!one )\bof which\b": "a relative clause or a second sentence",
    r"\bby the very\b": "by the same",
}
MODULE_BEGINNINGS = re.compile(r"(?:What|How|Where|Which|Why|Who|Whose|When|Whether)\b")


def files_in(*packages: str) -> Iterator[Path]:
    done = subprocess.run(["git", "ls-files", "--", *packages], cwd=ROOT, check=True, capture_output=True, text=True)
    return (path for name in dict.fromkeys(done.stdout.splitlines()) if (path := ROOT / name).exists())


def modules_in(*packages: str) -> list[Path]:
    return [path for path in files_in(*packages) if path.suffix == ".py"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def ideas() -> list[Path]:
    """Return the modules of the product, except commands: each is named as its operation, and as short as that."""
    modules = [path for path in modules_in(*PRODUCT) if not path.stem.startswith("__")]
    return [path for path in modules if path.parent.name != "commands"]


def docstring_of(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text())) or ""


def repeated(names: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the names that several places have, with these places."""
    places = defaultdict(list)
    for name, place in names:
        places[name].append(place)
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_modules_have_the_same_name() -> None:
    found = repeated((path.stem, name_of(path)) for path in ideas())

    assert {name: places for name, places in found.items() if name not in REPEATED_MODULES} == {}
    assert REPEATED_MODULES.keys() <= found.keys(), "remove the names that are not repeated any more"


def test_no_two_classes_have_the_same_name() -> None:
    classes = (
        (node.name, name_of(path))
        for path in modules_in(*PRODUCT)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    )
    found = repeated(classes)

    assert {name: places for name, places in found.items() if name not in REPEATED_CLASSES} == {}
    assert REPEATED_CLASSES.keys() <= found.keys(), "remove the names that are not repeated any more"


def test_short_modules_have_a_reason_and_a_sentence() -> None:
    short = {name_of(path): path for path in ideas() if len(path.read_text().splitlines()) < MAX_LINES}

    assert short.keys() == SHORT_MODULES.keys()
    assert [name for name, path in short.items() if not re.match(r".{20,}\.$", docstring_of(path), re.DOTALL)] == []


@pytest.mark.parametrize("package", DONE)
def test_replaced_phrases_do_not_come_back(package: str) -> None:
    relapses = [
        f"{name_of(path)}:{number}: {found[0]!r}; write: {better}"
        for path in files_in(package)
        if path != Path(__file__) and path.suffix in PROSE
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        for phrase, better in PHRASES.items()
        if (found := re.search(phrase, line))
    ]

    assert relapses == []


@pytest.mark.parametrize("package", [package for package in DONE if not package.startswith("tests/")])
def test_docstrings_of_modules_begin_with_a_noun_or_a_verb(package: str) -> None:
    assert [name_of(path) for path in modules_in(package) if MODULE_BEGINNINGS.match(docstring_of(path))] == []
