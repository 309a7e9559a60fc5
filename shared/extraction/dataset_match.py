"""Names the dataset that a file feeds. Pure."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import PurePath

from shared.model.datasets import Dataset
from shared.model.errors import FileRefused


def dataset_of(path: str, datasets: Mapping[str, Dataset]) -> str:
    """Name the dataset that a file feeds: by its folder, else by its name. FileRefused if there is not exactly one."""
    parts = PurePath(path).parts
    if len(parts) > 1:
        if parts[0] in datasets:
            return parts[0]
        raise FileRefused(
            "no-dataset", f"the folder {parts[0]!r} names no dataset; expected one of: {', '.join(datasets)}"
        )
    name = parts[0].lower()
    matching = [
        dataset.name
        for dataset in datasets.values()
        if any(fnmatchcase(name, pattern.lower()) for pattern in dataset.files)
    ]
    if len(matching) == 1:
        return matching[0]
    patterns = "; ".join(f"{dataset.name}: {', '.join(dataset.files)}" for dataset in datasets.values())
    if matching:
        raise FileRefused("ambiguous-dataset", f"the name fits {' and '.join(matching)}; files by dataset: {patterns}")
    raise FileRefused("no-dataset", f"the name {parts[0]!r} matches no dataset; files by dataset: {patterns}")
