"""Looking back and going another way: what a run's record says, without performing anything."""

from __future__ import annotations

from .explaining.explain import Explanation, Finding
from .reasoning.alternatives import Otherwise
from .reasoning.links import Link
from .reasoning.why import Why
from .replaying.replay import Replay, replay
from .trail import Moment, Trail

__all__ = [
    "Explanation",
    "Finding",
    "Link",
    "Moment",
    "Otherwise",
    "Replay",
    "Trail",
    "Why",
    "replay",
]
