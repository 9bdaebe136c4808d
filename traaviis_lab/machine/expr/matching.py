"""`matches()`: find a regular expression in a text, within bounds."""

from __future__ import annotations

from typing import Any

from .limits import MAX_MATCH_WORK
from .regex import Program, find, read_pattern
from .source import Source
from .values import show
from .work import Evaluate, spend


def matches(source: Source, value: Any, pattern: Any) -> bool:
    """Whether the pattern is found anywhere in the text; RE2's syntax and meaning."""
    program = _program(source, value, pattern)
    if len(value) * len(program.steps) > MAX_MATCH_WORK:
        most = MAX_MATCH_WORK // len(program.steps)
        problem = f"A text of {len(value):,} characters is too long for matches()"
        raise source.fail(f"{problem}; {most:,} is the most for this pattern.")
    return find(program, str(value))


def matches_metered(source: Source, value: Evaluate, pattern: Evaluate, fixed: bool) -> Evaluate:
    """`matches()` where work is counted; `fixed`: the pattern is a constant, read but once."""

    def compute(data: Any, event: Any, scope: Any) -> bool:
        text = value(data, event, scope)
        wanted = pattern(data, event, scope)
        program = _program(source, text, wanted)
        steps = len(program.steps)
        spend(source, scope, (len(text) * steps >> 2) + (0 if fixed else 4 * (steps + len(wanted))))
        return matches(source, text, wanted)

    return compute


def _program(source: Source, value: Any, pattern: Any) -> Program:
    for text in (value, pattern):
        if not isinstance(text, str):
            raise source.fail(f"matches() cannot take {show(text)}; it needs strings.")
    try:
        return read_pattern(str(pattern))
    except ValueError as error:
        raise source.fail(f"The regular expression cannot be read: {error}.") from None
