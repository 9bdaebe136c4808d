"""Show a document with its mistakes marked at the lines they stand in."""

from __future__ import annotations

from collections.abc import Sequence

from traaviis_lab.errors import DefinitionError, MarkedError
from traaviis_lab.flows import find_problems, read_chart
from traaviis_lab.machine import Chart
from traaviis_lab.machine.problems import Problem

_RED, _DIM, _BOLD, _END = "\x1b[31m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
AROUND = 2
"""Lines shown before and after one with a mistake."""


def chart_in(text: str) -> Chart:
    """The chart in a cell. Raises `MarkedError`, whose message is the marked document."""
    try:
        return read_chart(text)
    except DefinitionError as error:
        problems = [p for p in find_problems(text) if p.line]
        if not problems:
            shown = f"{_RED}{error.message}{_END}\n{error.hint}".rstrip()
            raise MarkedError(shown) from None
        rest = "" if len(problems) > 1 else " is wrong"
        count = "1 thing" if len(problems) == 1 else f"{len(problems)} things are wrong"
        head = f"{_BOLD}This machine cannot work; {count}{rest}.{_END}"
        raise MarkedError("\n".join([head, *marked(text, problems)])) from None


def marked(text: str, problems: Sequence[Problem]) -> list[str]:
    """The lines of `text` around each problem, with what is wrong under the line."""
    lines = text.splitlines()
    by_line: dict[int, list[Problem]] = {}
    for problem in problems:
        by_line.setdefault(problem.line, []).append(problem)
    near = {n for at in by_line for n in range(at - AROUND, at + AROUND + 1)}
    width = len(str(len(lines)))
    shown: list[str] = []
    for number in range(1, len(lines) + 1):
        if number not in near:
            if shown and shown[-1] != _gap(width):
                shown.append(_gap(width))
            continue
        if number not in by_line:
            shown.append(f"{_DIM}{number:>{width + 2}} │{_END} {lines[number - 1]}")
            continue
        shown.append(f"{_RED}▶ {number:>{width}} │{_END} {_RED}{lines[number - 1]}{_END}")
        shown += [line for one in by_line[number] for line in _said(one, width)]
    return shown[:-1] if shown and shown[-1] == _gap(width) else shown


def _gap(width: int) -> str:
    return f"{_DIM}{'':>{width + 2}} ┆{_END}"


def _said(problem: Problem, width: int) -> list[str]:
    text = f"{problem.place}: {problem.message}" if problem.place else problem.message
    if problem.cure:
        text += f"\n{problem.cure}"
    margin = f"{_DIM}{'':>{width + 2}} │{_END}   "
    return [f"{margin}{_BOLD}{line}{_END}" for line in text.splitlines()]
