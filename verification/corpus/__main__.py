"""Measures the readers of Inflow, DuckDB and CleverCSV on the corpus: python -m verification.corpus."""

from collections.abc import Callable

from verification.corpus.cases import Answer, Case
from verification.corpus.corpus import MAX_BYTES, corpus
from verification.corpus.measures import Measure, Score, mean, score
from verification.corpus.reading import read
from verification.corpus.rivals import read_by_clevercsv, read_by_duckdb

_READERS: dict[str, Callable[[Case], Answer | None]] = {
    "inflow": lambda case: read(case.content, case.settings, case.expected),
    "DuckDB": lambda case: read_by_duckdb(case.content),
    "CleverCSV": lambda case: read_by_clevercsv(case.content),
}


def main() -> None:
    """Print one line per reader."""
    cases = [case for case in corpus() if _is_text(case)]
    print(f"{len(cases)} text files of at most {MAX_BYTES} bytes; precision/recall/F1")
    print(f"{'reader':10} {'success':>8} {'header':^18} {'records':^18} {'cells':^18}")
    for name, reader in _READERS.items():
        _print(name, mean([score(reader(case), case.answer) for case in cases]))


def _is_text(case: Case) -> bool:
    return len(case.content) <= MAX_BYTES and not case.name.startswith(("xlsx", "parquet", "JSON", "NDJSON"))


def _print(name: str, total: Score) -> None:
    measures = "  ".join(map(_text, (total.header, total.records, total.cells)))
    print(f"{name:10} {total.success:8.3f}  {measures}")


def _text(measure: Measure) -> str:
    return f"{measure.precision:.3f}/{measure.recall:.3f}/{measure.f1:.3f}"


if __name__ == "__main__":
    main()
