"""How often something was seen, and where first."""

_MAX_LINES = 5
_MAX_EXAMPLE = 40


class Sightings:
    """Counts values, and keeps the first lines and examples."""

    def __init__(self) -> None:
        self.count = 0
        self.lines: tuple[int, ...] = ()
        self.examples: tuple[str, ...] = ()

    def add(self, text: str, count: int, line: int) -> None:
        """Count a value that is there so many times, on this line first."""
        self.count += count
        if len(self.lines) < _MAX_LINES:
            self.lines = (*self.lines, line)
            example = repr(text[:_MAX_EXAMPLE]) + ("…" if len(text) > _MAX_EXAMPLE else "")
            if example not in self.examples:
                self.examples = (*self.examples, example)
