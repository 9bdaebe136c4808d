"""How composed effects go on: a pure reducer over the outcomes of their leaves. No I/O."""

from __future__ import annotations

from .values import CANCELLED, Node, Outcome, Tree, completed, failed
from .walk import Walk

__all__ = ["CANCELLED", "Node", "Outcome", "Tree", "Walk", "completed", "failed"]
