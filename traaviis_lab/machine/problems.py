"""Mistakes are collected with their place and their cure, and told all at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from traaviis_lab.errors import DefinitionError

Path = tuple[str | int, ...]

MOST = 50
"""So many problems are kept and told; the others are only counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it stands, what is wrong with which value, and what to do.

    `line` counts from 1 in the text the chart was read from; 0 where there was no text.
    """

    path: Path
    message: str
    cure: str = ""
    line: int = 0

    @property
    def place(self) -> str:
        """The path as people write it: `states.open.transitions[0].to`."""
        return show_path(self.path)

    def to_json(self) -> dict[str, Any]:
        """The problem as programs read it."""
        return {"path": self.place, "message": self.message, "cure": self.cure, "line": self.line}


@dataclass(slots=True)
class Problems:
    """The pile of mistakes found so far in one document."""

    found: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, path: Path, message: str, cure: str = "") -> None:
        """Put one mistake on the pile; beyond `MOST` it is only counted."""
        if len(self.found) < MOST:
            self.found.append(Problem(path, message, cure))
        else:
            self.more += 1

    @property
    def is_full(self) -> bool:
        """Whether further problems are only counted, so that nobody need look for their cure."""
        return len(self.found) >= MOST

    def __bool__(self) -> bool:
        return bool(self.found)

    def to_error(
        self, what: str, place: Callable[[Problem], str] = lambda problem: problem.place
    ) -> DefinitionError:
        """All mistakes as one error; `place` says how a place is written."""
        return definition_error(what, self.found, self.more, place)


def definition_error(
    what: str, found: Iterable[Problem], more: int, place: Callable[[Problem], str]
) -> DefinitionError:
    """One error that lists every problem on a line of its own: place, what is wrong, cure."""
    lines = [_tell(p, place(p)) for p in found]
    if len(lines) == 1 and not more:
        return DefinitionError(f"{what} cannot work: {lines[0]}")
    total = len(lines) + more
    if more:
        lines.append(f"... and {more} more.")
    listed = "".join(f"\n  {line}" for line in lines)
    return DefinitionError(f"{what} cannot work; {total} things are wrong:{listed}")


def _tell(problem: Problem, place: str) -> str:
    """Place, message and cure; what follows the message's first line (a quotation) comes last."""
    first, *quoted = problem.message.split("\n")
    told = " ".join(part for part in (f"{place}:" if place else "", first, problem.cure) if part)
    return "\n  ".join([told, *quoted])


def show_path(path: Path) -> str:
    """A path as people write it: `states.open.transitions[0].to`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part and len(part) <= 100 and part.isprintable() and not set(part) & set(" .[]\"'"):
            text += f".{part}" if text else part
        else:
            text += f"[{show(part)}]"
    return text


def show(value: Any) -> str:
    """A value for an error message: short, on one line, whatever it is."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, dict):
        return f"a mapping of {len(value)}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return f"a Python {type(value).__name__}"
