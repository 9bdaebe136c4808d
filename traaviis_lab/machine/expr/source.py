"""The text of an expression and where it stands, so that every error can show the place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from traaviis_lab.errors import DefinitionError, ExpressionError

_WINDOW = 60


@dataclass(frozen=True, slots=True)
class Source:
    """An expression's text, and for people where it was found (`closed#0, when`).

    `brief`: errors come by the thousand (in a macro), so they carry no list of what there is.
    """

    text: str
    where: str = ""
    brief: bool = False

    def refuse(self, problem: str, pos: int, hint: str = "") -> DefinitionError:
        """The error of an expression that cannot work as written, with a caret under `pos`."""
        place = f"{self.where}: " if self.where else ""
        return DefinitionError(f"{place}{problem}\n{self._caret(pos)}", hint=hint)

    def fail(self, problem: str, hint: str = "") -> ExpressionError:
        """The error of an expression that met data it cannot work with."""
        place = f"{self.where}: " if self.where else ""
        return ExpressionError(f"{place}{problem} In: {shorten(self.text, 200)}", hint=hint)

    def _caret(self, pos: int) -> str:
        start = self.text.rfind("\n", 0, pos) + 1
        end = self.text.find("\n", pos)
        line = self.text[start : end if end >= 0 else None]
        column = pos - start
        before, after = line[:column], line[column:]
        if len(before) > _WINDOW:
            before = "…" + before[-_WINDOW:]
        if len(after) > _WINDOW:
            after = after[:_WINDOW] + "…"
        shown = "".join(c if c.isprintable() else " " for c in before + after)
        return f"    {shown}\n    {' ' * len(before)}^"


def shorten(text: str, length: int) -> str:
    """The text, or its beginning and a `…` where it is longer than `length` characters."""
    return text if len(text) <= length else text[:length] + "…"


def suggest(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'data'?`, or "" when nothing known is near."""
    near = get_close_matches(word[:100], sorted(known), n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else ""
