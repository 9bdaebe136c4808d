"""Copy a document into plain JSON values, and say what in it is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.errors import DefinitionError

from .problems import Path, Problems, show

MAX_DEPTH = 100
MAX_VALUES = 500_000
MAX_INT = 2**53 - 1
"""JSON numbers are doubles: a larger whole number would change on its way."""


def plain_copy(value: Any, problems: Problems, *, python: bool = False) -> Any:
    """A deep copy in plain dicts, lists, texts, numbers; what is no JSON is told and left out.

    `python`: callables are let through. A document beyond the limits ends the reading
    with a DefinitionError, whose words are on the pile too.
    """
    return _Copier(problems, python).copy(value, (), 0)


class _Copier:
    """One copying: it counts what it has seen, so that aliases cannot make a document explode."""

    def __init__(self, problems: Problems, python: bool) -> None:
        self.problems = problems
        self.python = python
        self.seen = 0

    def copy(self, value: Any, path: Path, depth: int) -> Any:
        self.seen += 1
        size = len(value) if isinstance(value, Mapping | list | tuple) else 0
        if self.seen + size > MAX_VALUES:
            self._stop((), f"the document holds more than {MAX_VALUES:,} values.")
        if depth > MAX_DEPTH:
            self._stop(path[:12], f"the document is nested more than {MAX_DEPTH} deep below here.")
        if isinstance(value, str):
            return self._text(value, path)
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._number(value, path)
        if isinstance(value, Mapping):
            return self._mapping(value, path, depth)
        if isinstance(value, list | tuple):
            return [self.copy(item, (*path, n), depth + 1) for n, item in enumerate(value)]
        if self.python and callable(value):
            return value
        self.problems.add(
            path,
            f"{show(value)} is no JSON value.",
            "Use texts, numbers, true, false, null, lists and mappings.",
        )
        return None

    def _text(self, value: str, path: Path) -> str:
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            self.problems.add(path, f"{show(value)} is no Unicode text: it has half a character.")
            return ""
        return str.__str__(value)

    def _number(self, value: int | float, path: Path) -> int | float:
        if isinstance(value, int):
            if -MAX_INT <= value <= MAX_INT:
                return int(value)
            self.problems.add(
                path,
                f"{show(value)} is too large for a JSON number.",
                f"Whole numbers reach to {MAX_INT}; write larger ones as text.",
            )
            return 0
        if value - value == 0:
            return float(value)
        self.problems.add(path, f"{show(value)} is no JSON number.", "Use null or a text.")
        return 0

    def _mapping(self, value: Mapping[Any, Any], path: Path, depth: int) -> dict[str, Any]:
        copied: dict[str, Any] = {}
        for key, item in value.items():
            if isinstance(key, str):
                name = self._text(key, path)
                copied[name] = self.copy(item, (*path, name), depth + 1)
            else:
                self.problems.add(path, f"the key {show(key)} is no text.", "Put it in quotes.")
        return copied

    def _stop(self, path: Path, message: str) -> None:
        self.problems.add(path, message, "No chart needs that; is this the right document?")
        raise DefinitionError(message)
