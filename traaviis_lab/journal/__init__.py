"""What happened, written once and never changed: a port, a memory twin, a log with an index."""

from __future__ import annotations

from .memory import MemoryJournal
from .port import Durability, Fact, Journal, Keep, RunInfo, Verdict

__all__ = ["Durability", "Fact", "Journal", "Keep", "MemoryJournal", "RunInfo", "Verdict"]
