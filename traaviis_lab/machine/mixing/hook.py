"""A hook as it is written in Python: which states or events, and the effects to ask for there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

HookWord = Literal["on_enter", "on_exit", "before", "after"]
WORDS: tuple[HookWord, ...] = ("on_enter", "on_exit", "before", "after")


@dataclass(frozen=True, slots=True)
class Hook:
    """`do` (effects) and `assign` where a state is entered or left, or an event is taken.

    `what`: a state or an event, several, or `*`. A machine's class lists them in `hooks`.
    """

    word: HookWord
    what: Any
    do: tuple[Any, ...] = ()
    assign: Mapping[str, Any] = field(default_factory=dict)

    def to_spec(self) -> dict[str, Any]:
        """The hook as it stands in a document, but for the States and Effects in it."""
        spec: dict[str, Any] = {self.word: self.what}
        if self.do:
            spec["do"] = list(self.do)
        if self.assign:
            given = self.assign
            spec["assign"] = dict(given) if isinstance(given, Mapping) else given
        return spec
