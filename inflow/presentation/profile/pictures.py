"""Pictures of a column as inline SVG: they take the colour of their place, and say in words what they show."""

from html import escape

from shared.profiling.profile import Histogram
from shared.profiling.wording import edges_text

#: What part of a bin's place is left free.
_GAP = 0.16
_MIN_HEIGHT = 1.5
_FAINT = ' fill-opacity="0.15"'


def histogram_svg(histogram: Histogram, *, width: int, height: int, says: str) -> str:
    """Draw one bar per bin on a base line; hovering over one tells its edges and count."""
    step = width / len(histogram.bins)
    highest = max(each.count for each in histogram.bins)
    bars = [_rect(0, height - 1, width, 1, _FAINT)]
    for number, each in enumerate(histogram.bins):
        bar = max(_MIN_HEIGHT, each.count / highest * height) if each.count else 0
        title = f"<title>{escape(edges_text(each))}: {each.count:,}</title>"
        bars.append(_rect(number * step, height - bar, step * (1 - _GAP), bar, content=title))
    return _svg(width, height, "".join(bars), says)


def share_svg(share: float, *, width: int, height: int, says: str) -> str:
    """Draw a bar that is filled so far."""
    filled = _rect(0, 0, max(share * width, 1 if share else 0), height)
    return _svg(width, height, _rect(0, 0, width, height, _FAINT) + filled, says)


def _svg(width: int, height: int, content: str, says: str) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg role="img" aria-label="{escape(says)}" {size} fill="currentColor">{content}</svg>'


def _rect(x: float, y: float, width: float, height: float, more: str = "", *, content: str = "") -> str:
    return f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}"{more}>{content}</rect>'
