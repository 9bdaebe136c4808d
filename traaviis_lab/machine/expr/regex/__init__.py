"""Regular expressions with RE2's syntax and meaning, which take time linear in the text."""

from __future__ import annotations

from .automaton import Program, find, read_pattern

__all__ = ["Program", "find", "read_pattern"]
