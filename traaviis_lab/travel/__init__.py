"""Looking back and going another way: what a run's record says, without performing anything."""

from __future__ import annotations

from .trail import Moment, Trail

__all__ = ["Moment", "Trail"]
