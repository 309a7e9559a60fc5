"""Each mutant changes exactly one place of the code, and a layer of tests catches it."""

import compileall
from pathlib import Path

import pytest

from verification.mutants.catalog import MUTANTS
from verification.mutants.mutant import Edit, Mutant
from verification.mutants.mutated_copy import copy_of_the_product, run_layer


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_applies_to_the_current_code(mutant: Mutant) -> None:
    """The result is valid Python: a mutant that can't be imported would be caught by everything."""
    with copy_of_the_product(mutant.edits) as root:
        assert all(compileall.compile_file(root / edit.file, quiet=1) for edit in mutant.edits)


def test_an_edit_of_missing_code_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("one\none\n")

    for original in ("two", "one"):
        with pytest.raises(ValueError, match="not once"):
            Edit("code.py", original, "three").apply(tmp_path)


@pytest.mark.parametrize(
    "mutant", [each for each in MUTANTS if each.attempts[0].layer == "simulation"], ids=lambda mutant: mutant.name
)
@pytest.mark.slow
# Longer than the longest run, which itself reports where it hung.
@pytest.mark.timeout(1860)
def test_the_simulation_catches_a_mutant(mutant: Mutant) -> None:
    """Crash points and chaos catch the others: `make mutants` runs all and prints which layer caught each."""
    with copy_of_the_product(mutant.edits) as root:
        verdict = run_layer(root, mutant.attempts[0])

    assert verdict.is_wrong
    assert "Traceback" not in verdict.last_words
