"""What a migration answers with: the new text, what was changed, and what was left and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was rewritten. `line` is where it stood in the old text, from 1."""

    line: int
    machine: str
    place: str
    what: str

    def to_json(self) -> dict[str, Any]:
        """The change as programs read it."""
        return {
            "line": self.line,
            "machine": self.machine,
            "place": self.place,
            "what": self.what,
        }


@dataclass(frozen=True, slots=True)
class Left:
    """One thing that was left as it is, and why."""

    line: int
    machine: str
    place: str
    why: str

    def to_json(self) -> dict[str, Any]:
        """What was left, as programs read it."""
        return {"line": self.line, "machine": self.machine, "place": self.place, "why": self.why}


@dataclass(frozen=True, slots=True)
class Migration:
    """The new text (the old one where nothing was changed), with all that was done and left."""

    text: str
    done: tuple[Change, ...] = ()
    left: tuple[Left, ...] = ()
