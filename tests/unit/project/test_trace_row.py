import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

#: Of watcher and extractor: what makes the path longer needs a reason, and these figures with it. The returns are 47 to
#: 53: a machine that is busy makes the watcher wait, or look once more.
MAX_MODULES, MAX_RETURNS = 25, 56


def test_the_path_of_a_row_is_traced_and_gets_no_longer() -> None:
    traced = subprocess.run(
        [sys.executable, ROOT / "scripts" / "trace_row.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    modules = re.findall(r"^ *\d+ ([\w.]+)$", traced.stdout, re.MULTILINE)
    assert len(set(modules)) == len(modules)
    stages = ["services.watcher.claiming.intake", "services.extractor.extraction", "services.writer.merge"]
    assert [module for module in modules if module in stages] == stages
    found = re.search(r"watcher and extractor: (\d+) modules, (\d+) returns", traced.stdout)
    assert found is not None
    assert int(found[1]) <= MAX_MODULES
    assert int(found[2]) <= MAX_RETURNS
