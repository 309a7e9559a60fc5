"""The list of reasons is closed: code and documentation have the same one."""

import re
from pathlib import Path

import pytest

from shared.model.reasons import REASONS

ROOT = Path(__file__).parents[3]
SOURCE = "".join(
    path.read_text()
    for folder in ("inflow", "services", "shared")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != "reasons.py"
)


def test_the_documentation_lists_every_reason_in_order() -> None:
    section = (ROOT / "docs/rejects.md").read_text().partition("\n## Reasons\n")[2]
    documented = re.findall(r"^\| `([a-z-]+)` \| (?:row|file|row, file) \| .+ \|$", section, re.MULTILINE)

    assert documented == sorted(REASONS) == list(REASONS)


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_is_used(reason: str) -> None:
    assert f'"{reason}"' in SOURCE
