"""A call's log as people read it: rows to be drawn, and where the time went."""

from ringlog.timeline.lines import Line
from ringlog.timeline.rows import EVERYTHING, Fold, Only, Row, Silence, Step, Timeline, timeline
from ringlog.timeline.waterfall import Bar, Lane, Waterfall, waterfall

__all__ = [
    "EVERYTHING", "Bar", "Fold", "Lane", "Line", "Only", "Row", "Silence", "Step", "Timeline", "Waterfall",
    "timeline", "waterfall",
]  # fmt: skip
