"""Print the path of a row: the project's modules that the only row of a first file enters, in order, and the returns.

    .venv/bin/python scripts/trace_row.py [TREE] [--calls]

An embedded run loads a file of one person, from the first look at the inbox to the rename into archive/. A call from a
function of one module to a function of another counts once, however often it is made. It enters a module for the first
time, or returns to one that the row had left. TREE is another working tree of the project, to compare with; it runs in
this environment. `--calls` prints each call that was counted.
"""

import argparse
import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

_PACKAGES = ("inflow", "services", "shared")
_PEOPLE = "given_name,family_name,date_of_birth,place_of_birth\nJohn,Smith,1900-01-01,Glasgow\n"
#: The file is claimed at the first look.
_SETTINGS = {"INFLOW_SETTLE_SECONDS": "0.001", "INFLOW_WATCH": "poll", "INFLOW_LOG_LEVEL": "ERROR"}
#: What takes the rows of a file apart, before they are in the queue; beside it, what is its own.
_MIDDLE = ("services.watcher", "services.extractor", "shared.extraction")


class RowPath:
    """Profiles the calls of one run, from the first look at the inbox until the file is in the archive."""

    def __init__(self, tree: Path, archive: Path) -> None:
        self._tree = tree
        self._archive = archive
        self._modules: dict[CodeType, str | None] = {}
        self._seen: set[tuple[CodeType, CodeType]] = set()
        self._is_on = self._is_over = False
        #: The modules in the order in which they are entered.
        self.entered: list[str] = []
        #: The functions of both ends of each call, and whether it enters its module for the first time.
        self.calls: list[tuple[str, str, bool]] = []

    def profile(self, frame: FrameType, event: str, argument: Any) -> None:
        """Take one event of the interpreter: what `sys.setprofile` wants."""
        if self._is_over:
            return
        if event == "call" and self._is_on:
            self._take_call(frame)
        elif event == "c_call" and not self._is_on:
            self._begin(frame, argument)
        elif event == "c_return" and getattr(argument, "__name__", "") == "rename":
            self._is_over = any(self._archive.glob("*.csv"))

    def _begin(self, frame: FrameType, function: Any) -> None:
        """The row's path begins where the inbox is listed; whatever called that is on it."""
        if getattr(function, "__name__", "") == "scandir" and self._module(frame.f_code):
            self._is_on = True
            for module in reversed([module for each in _callers(frame) if (module := self._module(each.f_code))]):
                self._enter(module)

    def _take_call(self, frame: FrameType) -> None:
        module = self._module(frame.f_code)
        caller = next((each for each in _callers(frame.f_back) if self._module(each.f_code)), None)
        if module is None or caller is None or self._module(caller.f_code) == module:
            return
        if (caller.f_code, frame.f_code) not in self._seen:
            self._seen.add((caller.f_code, frame.f_code))
            is_new = self._enter(module)
            self.calls.append((self._named(caller.f_code), self._named(frame.f_code), is_new))

    def _enter(self, module: str) -> bool:
        if module in self.entered:
            return False
        self.entered.append(module)
        return True

    def _module(self, code: CodeType) -> str | None:
        """Name the module of the project that a function is of. What runs when a module is imported is of none."""
        if code not in self._modules:
            self._modules[code] = None
            path = Path(code.co_filename)
            if path.is_relative_to(self._tree) and "<module>" not in code.co_name:
                parts = path.relative_to(self._tree).with_suffix("").parts
                self._modules[code] = ".".join(parts) if parts[0] in _PACKAGES else None
        return self._modules[code]

    def _named(self, code: CodeType) -> str:
        return f"{self._module(code)}:{code.co_qualname}"


def _callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def trace(tree: Path) -> RowPath:
    """Run the command of a tree, and return the path of the row."""
    sys.path.insert(0, str(tree))
    os.environ.update(_SETTINGS)
    from inflow.cli import main  # noqa: PLC0415 - of the tree that was asked for

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder).resolve()
        (data / "inbox").mkdir()
        (data / "inbox" / "people.csv").write_text(_PEOPLE)
        path = RowPath(tree, data / "archive")
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            sys.setprofile(path.profile)
            code = main(["run", "--embedded", "--data", str(data), "--until-idle"])
            sys.setprofile(None)
        if code:
            raise SystemExit(f"the run ended with {code}: {errors.getvalue()}")
    return path


def main() -> None:
    """Print the modules in order, and the figures."""
    parser = argparse.ArgumentParser(description="Print the path of a row.")
    parser.add_argument("tree", nargs="?", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--calls", action="store_true", help="print each call that is counted")
    options = parser.parse_args()
    path = trace(options.tree.resolve())
    for number, module in enumerate(path.entered, start=1):
        print(f"{number:4} {module}")
    if options.calls:
        for caller, callee, is_new in path.calls:
            print(f"{'new   ' if is_new else 'return'} {caller} -> {callee}")
    returns = [callee for _, callee, is_new in path.calls if not is_new]
    middle = [module for module in path.entered if module.startswith(_MIDDLE)]
    middle_returns = [callee for callee in returns if callee.startswith(_MIDDLE)]
    print(f"{len(path.entered)} modules, {len(returns)} returns to one that the row had left")
    print(f"of these, watcher and extractor: {len(middle)} modules, {len(middle_returns)} returns")


if __name__ == "__main__":
    main()
