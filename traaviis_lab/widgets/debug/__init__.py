"""The debugger of a run: its whole past in the browser, and the present as it happens.

The browser gets the facts as packed columns and pages of details, both when it asks; what happens
meanwhile is pushed. Everything is looked at through the lab's own API.
"""

from __future__ import annotations

from .widget import DebugWidget

__all__ = ["DebugWidget"]
