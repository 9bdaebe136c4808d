"""What runs cost, live: estimate against actual on the diagram, over time, and over many runs."""

from __future__ import annotations

from .widget import CostsWidget

__all__ = ["CostsWidget"]
