"""Prints where readers disagree on the number of rows, and which is right: python -m verification.corpus.opinions."""

import argparse
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from verification.corpus import trouble
from verification.corpus.cases import Answer, Case
from verification.corpus.corpus import delimited
from verification.corpus.differences import Difference, difference
from verification.corpus.generated import generated
from verification.corpus.layouts import generated_layout
from verification.corpus.reading import read
from verification.corpus.rivals import read_by_clevercsv, read_by_duckdb, read_by_pandas

READERS: dict[str, Callable[[bytes], Answer | None]] = {
    "Inflow": read,
    "DuckDB": read_by_duckdb,
    "CleverCSV": read_by_clevercsv,
    "pandas": read_by_pandas,
}
#: Leave some processors to other work.
_PROCESSES = 2


class Opinions(NamedTuple):
    """For one file, the reason why each reader's number of rows is wrong; SAME if it is right."""

    name: str
    kinds: dict[str, Difference]

    @property
    def is_agreed(self) -> bool:
        """Whether all readers have the right number."""
        return set(self.kinds.values()) == {Difference.SAME}


def main() -> None:
    """Print a line for each kind of disagreement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5000, help="two files are generated from each")
    seeds = parser.parse_args().seeds
    with ProcessPoolExecutor(_PROCESSES) as pool:
        found = [*pool.map(opinions_on, [*delimited(), *trouble.cases()], chunksize=50)]
        for pair in pool.map(opinions_on_seed, range(seeds), chunksize=50):
            found += pair
    for line in table(found):
        print(line)


def opinions_on_seed(seed: int) -> list[Opinions]:
    """Return the opinions on a plain table with one fault, and on a file with lines around, between and in tables."""
    layout = generated_layout(seed)
    cases = (generated(seed), Case(name=f"layout {seed}", content=layout.content, answer=layout.answer))
    return [*map(opinions_on, cases)]


def opinions_on(case: Case) -> Opinions:
    """Read a file with every reader."""
    return Opinions(case.name, {name: _kind(reader(case.content), case.answer) for name, reader in READERS.items()})


def _kind(found: Answer | None, right: Answer) -> Difference:
    number = None if found is None or found.refused else len(found.rows)
    if number == (None if right.refused else len(right.rows)):
        return Difference.SAME
    return difference(None if number is None else found, right)


def table(found: Iterable[Opinions]) -> Iterator[str]:
    """Return for each kind the number of files that each reader gets wrong, and the reader that is right most often."""
    files = [*found]
    disputed = [each for each in files if not each.is_agreed]
    yield f"{len(files)} files; not all readers have the right number of rows: {len(disputed)}"
    yield _line("wrong, as", "files", [*READERS], "right in most of them")
    kinds = Counter(kind for each in disputed for kind in {*each.kinds.values()} - {Difference.SAME})
    for kind, number in kinds.most_common():
        of_kind = [each for each in disputed if kind in each.kinds.values()]
        yield _line(kind, number, [_count(of_kind, name, kind) for name in READERS], _most_right(of_kind))
    rights = [_count(files, name, Difference.SAME) for name in READERS]
    yield _line("the right number", len(files), rights, _most_right(files))


def _count(files: list[Opinions], reader: str, kind: Difference) -> int:
    return sum(each.kinds[reader] == kind for each in files)


def _most_right(files: list[Opinions]) -> str:
    rights = {name: _count(files, name, Difference.SAME) for name in READERS}
    name = max(rights, key=lambda each: rights[each])
    return f"{name} ({rights[name] / len(files):.0%})"


def _line(kind: str, files: object, numbers: Iterable[object], right: str) -> str:
    return f"{kind:54} {files:>6} {' '.join(f'{each:>9}' for each in numbers)}  {right}"


if __name__ == "__main__":
    main()
