"""Pictures of a column as inline SVG: they take the colours of the page, and say in words what they show."""

from html import escape

from inflow.profile.model import Histogram
from inflow.profile.showing import edges_text

_BIN_WIDTH = 12
_GAP = 2
_LEAST_HEIGHT = 1.5


def histogram_svg(histogram: Histogram, *, height: int, says: str) -> str:
    """Draw one bar per bin; hovering over one tells its edges and count. It is as wide as its place."""
    width = _BIN_WIDTH * len(histogram.bins) - _GAP
    highest = max(each.count for each in histogram.bins)
    bars = []
    for number, each in enumerate(histogram.bins):
        bar = max(_LEAST_HEIGHT, each.count / highest * height) if each.count else 0
        title = f"<title>{escape(edges_text(each))}: {each.count:,}</title>"
        bars.append(_rect(number * _BIN_WIDTH, height - bar, _BIN_WIDTH - _GAP, bar, "bar", title))
    return _svg(width, height, "".join(bars), says)


def share_svg(share: float, *, width: int, height: int, says: str) -> str:
    """Draw a bar that is filled so far."""
    filled = _rect(0, 0, max(share * width, 1 if share else 0), height, "bar")
    return _svg(width, height, _rect(0, 0, width, height, "track") + filled, says)


def _svg(width: float, height: float, content: str, says: str) -> str:
    return (
        f'<svg role="img" aria-label="{escape(says)}" viewBox="0 0 {width} {height}" width="100%" height="{height}"'
        f' preserveAspectRatio="none">{content}</svg>'
    )


def _rect(x: float, y: float, width: float, height: float, name: str, content: str = "") -> str:
    return f'<rect class="{name}" x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}">{content}</rect>'
