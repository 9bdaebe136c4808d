"""What an analysis sees of a machine, be it a class or a document: states, arrows, effects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from traaviis_lab.effects import VOCABULARY
from traaviis_lab.machine.problems import Path

Language = Literal["python", "document"]
CODE = 64
"""Characters of somebody's code that are quoted at most."""


class _Unknown:
    """What only running the code would tell."""

    def __repr__(self) -> str:
        return "..."


UNKNOWN: Any = _Unknown()


@dataclass(frozen=True, slots=True)
class Wish:
    """An effect as it is written: `words` holds its plain values, `inner` the effects within it.

    `code` quotes it. `path` is its place in a document; `line` and `column` (from 0) in a source.
    """

    kind: str
    words: Mapping[str, Any]
    inner: tuple[Wish, ...]
    place: str
    line: int
    code: str
    path: Path = ()
    column: int = 0

    def all(self) -> Iterator[Wish]:
        """This one and all within it, outer ones first."""
        yield self
        for wish in self.inner:
            yield from wish.all()


@dataclass(slots=True)
class StateSeen:
    """A state: the effects of its `enter`, the states around it, the events it hears."""

    name: str
    line: int
    enter: list[Wish] = field(default_factory=list)
    around: list[str] = field(default_factory=list)
    hears: set[str] = field(default_factory=set)
    has_on_error: bool = False
    has_on_success: bool = False
    is_whole: bool = True
    """Whether all of it stands here: a state taken over from another class may know more."""


@dataclass(slots=True)
class MachineSeen:
    """A machine: its states by name, and all the effects it may ask for."""

    name: str
    line: int
    language: Language
    states: dict[str, StateSeen] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)

    def takes_errors_of(self, state: StateSeen) -> bool:
        """Whether the state, or one around it, does something about a failed effect."""
        wanted = f"error.invoke.{state.name}"
        known = [self.states[name] for name in (state.name, *state.around) if name in self.states]
        heard = {event for one in known for event in one.hears}
        return state.has_on_error or any(hears(event, wanted) for event in heard)


def hears(listened: str, event: str) -> bool:
    """Whether a transition on `listened` (`a`, `a.*`, `*`) takes this event."""
    if listened in ("*", event):
        return True
    return listened.endswith(".*") and event.startswith(listened[:-1])


def is_leaf_outside(kind: str) -> bool:
    """Whether it reaches outside and stands alone. What nobody here knows may be of a plugin."""
    word = VOCABULARY.get(kind)
    return word is None or (word.outward and not word.composed and not word.internal)


def is_composed(kind: str) -> bool:
    """Whether it is put together from others."""
    return kind in VOCABULARY and VOCABULARY[kind].composed


def own_limit(kind: str) -> bool:
    """Whether effects of this kind end by themselves, since they have a `timeout` of their own."""
    word = VOCABULARY.get(kind)
    return word is not None and any(f.name == "timeout" for f in fields(word))  # type: ignore[arg-type]


def short(code: str, most: int = CODE) -> str:
    """Code on one line, cut where it is long."""
    line = re.sub(r"\s+", " ", code).strip()
    return line if len(line) <= most else f"{line[: most - 3]}..."
