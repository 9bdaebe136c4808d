"""Where something of the worked-out chart stood in the document that the author wrote."""

from __future__ import annotations

from dataclasses import dataclass, field

from traaviis_lab.machine.problems import Path, Problem

MAIN = "main"
"""The region of a machine's own states, where components have brought regions of their own."""


@dataclass(slots=True)
class Places:
    """What was moved: the own states into `MAIN`, and the arrows of each state by number."""

    is_wrapped: bool = False
    arrows: dict[str, list[int]] = field(default_factory=dict)
    regions: dict[str, tuple[int, str]] = field(default_factory=dict)

    def back(self, problem: Problem) -> Problem:
        """The problem as the author has to see it."""
        path = problem.path
        if len(path) > 1 and path[0] == "states" and path[1] in self.regions:
            number, who = self.regions[str(path[1])]
            return Problem(("components", number), f"{who}: {problem.message}", problem.cure)
        if self.is_wrapped and path[:2] == ("states", MAIN):
            path = path[2:]
        return Problem(self._arrow(path), problem.message, problem.cure)

    def _arrow(self, path: Path) -> Path:
        for n in range(len(path) - 2):
            number = path[n + 2]
            if path[n + 1] == "transitions" and isinstance(number, int):
                was = self.arrows.get(str(path[n]), [])
                if number < len(was):
                    return (*path[: n + 2], was[number], *path[n + 3 :])
        return path
