"""The shell around the machine: the only room that awaits."""

from .clock import Clock, ToldClock, WallClock
from .engine import Engine, chart_like
from .recall import Recall, chart_of, event_of, recall
from .run import Run

__all__ = [
    "Clock",
    "Engine",
    "Recall",
    "Run",
    "ToldClock",
    "WallClock",
    "chart_like",
    "chart_of",
    "event_of",
    "recall",
]
