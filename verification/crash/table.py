"""The table of all crash points."""

from collections.abc import Sequence

from verification.crash.aggregator_points import AGGREGATOR_POINTS
from verification.crash.points import Point
from verification.crash.watcher_points import WATCHER_POINTS
from verification.crash.writer_points import WRITER_POINTS

POINTS: Sequence[Point] = (*WATCHER_POINTS, *WRITER_POINTS, *AGGREGATOR_POINTS)


def points_of(service: str) -> list[Point]:
    """Return the points of one service."""
    return [point for point in POINTS if point.service == service]


def points_like(word: str) -> list[Point]:
    """Return the point of exactly this full name, or else all points whose full name contains it."""
    exact = [point for point in POINTS if point.full_name == word]
    return exact or [point for point in POINTS if word.lower() in point.full_name.lower()]
