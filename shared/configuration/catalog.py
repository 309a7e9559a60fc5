"""Reads inflow.toml: returns its datasets and summaries, or reports everything that is wrong with them."""

import importlib.resources
from collections.abc import Mapping
from pathlib import Path

from shared.configuration.dataset_settings import DatasetDraft, read_datasets
from shared.configuration.summary_settings import read_summaries
from shared.configuration.toml_tables import read_toml
from shared.model.datasets import Catalog
from shared.model.errors import ConfigurationError

_FILE_NAME = "inflow.toml"


def load_catalog(path: Path | None) -> Catalog:
    """Read a configuration file; without a path, ./inflow.toml or, if that is missing, the built-in default."""
    if path is not None:
        return parse_catalog(_text_of(path), source=str(path))
    if Path(_FILE_NAME).exists():
        return load_catalog(Path(_FILE_NAME))
    # By name, because shared never imports the package of the command line.
    default = importlib.resources.files("inflow") / "default.toml"
    return parse_catalog(default.read_text(encoding="utf-8"), source="built-in default.toml")


def parse_catalog(text: str, *, source: str) -> Catalog:
    """Return the datasets and summaries of a configuration text; raises ConfigurationError with every problem."""
    root = read_toml(text, source=source)
    root.check_known(("datasets", "summaries"))
    drafts = read_datasets(root)
    order = _referenced_first(drafts)
    summaries = read_summaries(root, drafts)
    root.raise_problems()
    return Catalog(datasets={name: drafts[name].dataset() for name in order}, summaries=summaries)


def _text_of(path: Path) -> str:
    try:
        # Some editors begin a file with a byte order mark, which TOML does not allow.
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{path}: can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: byte {error.start} is not UTF-8; expected UTF-8 text") from error


def _referenced_first(drafts: Mapping[str, DatasetDraft]) -> list[str]:
    """Order datasets so that each comes after those it refers to, otherwise as declared; report cycles."""
    order: list[str] = []
    waiting = dict(drafts)
    while waiting:
        ready = [name for name, draft in waiting.items() if not draft.targets & waiting.keys()]
        placed = ready[:1] or _reported_cycle(waiting)
        order += placed
        for name in placed:
            del waiting[name]
    return order


def _reported_cycle(waiting: Mapping[str, DatasetDraft]) -> list[str]:
    """Report and return a cycle of references; each waiting dataset refers to another waiting one."""
    trail = [next(iter(waiting))]
    while (following := min(waiting[trail[-1]].targets & waiting.keys())) not in trail:
        trail.append(following)
    cycle = trail[trail.index(following) :]
    shown = " -> ".join([*cycle, cycle[0]])
    waiting[cycle[0]].table.problem(f"references form a cycle: {shown}; expected no cycle", "references")
    return cycle
