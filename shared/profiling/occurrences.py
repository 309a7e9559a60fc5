"""Occurrences of values: how many, on which lines, with examples."""

_MAX_LINES = 5
_MAX_EXAMPLE = 40


class Occurrences:
    """Counts values, and keeps the first lines and examples."""

    def __init__(self) -> None:
        self.count = 0
        self.lines: tuple[int, ...] = ()
        self.examples: tuple[str, ...] = ()

    def add(self, text: str, count: int, line: int) -> None:
        """Add `count` occurrences of a value, the first of them on `line`."""
        self.count += count
        if len(self.lines) < _MAX_LINES:
            self.lines = (*self.lines, line)
            example = repr(text[:_MAX_EXAMPLE]) + ("…" if len(text) > _MAX_EXAMPLE else "")
            if example not in self.examples:
                self.examples = (*self.examples, example)
