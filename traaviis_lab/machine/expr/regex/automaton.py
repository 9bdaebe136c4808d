"""Find a regular expression in a text, in time that grows with the text alone.

The pattern becomes a machine of steps; all ways through it are followed at once, and sets of
steps met before are remembered together with where each character leads. So nothing is ever
tried twice, whatever the pattern: there is no backtracking.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias, assert_never

from traaviis_lab.machine.expr.limits import MAX_PATTERN, MAX_STEPS

from .charset import PERL, CharSet
from .pattern import AnyOf, Assert, One, PatternReader, Regex, Repeat, Row

_REMEMBERED: Final = 5_000
_WORD: Final = CharSet(PERL["w"])
_FOUND: Final = -1
_END: Final = ""


class Take(NamedTuple):
    """Take a character of a set and go on."""

    chars: CharSet
    after: int


class Be(NamedTuple):
    """Go on if this is such a place (`begin`, `word edge`, ...)."""

    what: str
    after: int


class Fork(NamedTuple):
    """Go on at each of several steps."""

    ways: tuple[int, ...]


Step: TypeAlias = Take | Be | Fork | None
"""None: the pattern is found."""


class Place(dict[str, "Place | None"]):
    """Where a search stands: the steps alive, and the kind of the character before.

    Maps the next character ("" for the end) to the place it leads to; None is "found".
    """

    __slots__ = ("alive", "before")

    def __init__(self, alive: frozenset[int], before: str) -> None:
        self.alive = alive
        self.before = before


_UNKNOWN: Final = Place(frozenset(), "")


class Program:
    """A compiled pattern. `start` is its first step."""

    def __init__(self, tree: Regex) -> None:
        self.steps: list[Step] = [None]
        self.parts = 0
        self.start = self._emit(tree, 0)
        self.places: dict[tuple[frozenset[int], str], Place] = {}
        self.known = 0

    def _add(self, step: Step) -> int:
        if len(self.steps) >= MAX_STEPS:
            raise ValueError(f"it is too large; {MAX_STEPS:,} steps are the most")
        self.steps.append(step)
        return len(self.steps) - 1

    def _emit(self, tree: Regex, after: int) -> int:
        """Add the steps of a tree that go on at `after`; the first of them."""
        self.parts += 1
        if self.parts > 5 * MAX_STEPS:
            raise ValueError("its repetitions multiply to too many")
        match tree:
            case One(chars):
                return self._add(Take(chars, after))
            case Assert(what):
                return self._add(Be(what, after))
            case Row(items):
                for item in reversed(items):
                    after = self._emit(item, after)
                return after
            case AnyOf(choices):
                return self._add(Fork(tuple(self._emit(choice, after) for choice in choices)))
            case Repeat():
                return self._repeat(tree, after)
            case _:
                assert_never(tree)

    def _repeat(self, tree: Repeat, after: int) -> int:
        if tree.most is None:
            loop = self._add(Fork(()))
            self.steps[loop] = Fork((self._emit(tree.item, loop), after))
            after = loop
        rest = after
        for _ in range((tree.most or tree.least) - tree.least):
            after = self._add(Fork((self._emit(tree.item, after), rest)))
        for _ in range(tree.least):
            after = self._emit(tree.item, after)
        return after

    def place(self, alive: frozenset[int], before: str) -> Place:
        """The place of these steps after a character of the kind `before`."""
        found = self.places.get((alive, before))
        if found is None:
            found = self.places[alive, before] = Place(alive, before)
            self.known += len(alive) // 8
        return found

    def advance(self, place: Place, char: str) -> Place | None:
        """Where `char` leads from `place`, remembered; None when the pattern is found before it."""
        if self.known > _REMEMBERED:
            for old in self.places.values():
                old.clear()
            self.places, self.known = {}, 0
        here = self._reached(place, char)
        following: Place | None = place
        if _FOUND in here:
            following = None
        elif char != _END:
            taken = (self.steps[number] for number in here)
            alive = {step.after for step in taken if type(step) is Take and char in step.chars}
            following = self.place(frozenset(alive | {self.start}), _kind_of(char))
        place[char] = following
        self.known += 1
        return following

    def _reached(self, place: Place, char: str) -> set[int]:
        """The steps that wait for a character before `char`, or just `_FOUND` when all is done."""
        waiting: set[int] = set()
        seen = set(place.alive)
        stack = list(seen)
        while stack:
            number = stack.pop()
            step = self.steps[number]
            if step is None:
                return {_FOUND}
            if type(step) is Take:
                waiting.add(number)
                continue
            fresh = [to for to in _ways(step, place.before, char) if to not in seen]
            seen.update(fresh)
            stack.extend(fresh)
        return waiting


def _ways(step: Take | Be | Fork, before: str, char: str) -> tuple[int, ...]:
    if type(step) is Fork:
        return step.ways
    return (step.after,) if type(step) is Be and _is_at(step.what, before, char) else ()


def _kind_of(char: str) -> str:
    """What later steps must know of a character: a word's, a new line, or another."""
    return "w" if char in _WORD else "\n" if char == "\n" else "."


def _is_at(what: str, before: str, char: str) -> bool:
    """Whether a place is there; `before` is "" at the begin, `char` is "" at the end."""
    if what == "begin":
        return before == ""
    if what == "end":
        return char == ""
    if what == "line begin":
        return before in ("", "\n")
    if what == "line end":
        return char in ("", "\n")
    edge = (before == "w") is not (char != "" and char in _WORD)
    return edge is (what == "word edge")


@lru_cache(maxsize=64)
def read_pattern(text: str) -> Program:
    """The machine of a pattern; ValueError says why it cannot be one."""
    if len(text) > MAX_PATTERN:
        raise ValueError(f"it has {len(text):,} characters; {MAX_PATTERN:,} is the most")
    return Program(PatternReader(text).read())


def find(program: Program, text: str) -> bool:
    """Whether the pattern is found anywhere in the text."""
    place = program.place(frozenset({program.start}), "")
    for char in text:
        following = place.get(char, _UNKNOWN)
        if following is _UNKNOWN:
            following = program.advance(place, char)
        if following is None:
            return True
        place = following
    following = place.get(_END, _UNKNOWN)
    return (program.advance(place, _END) if following is _UNKNOWN else following) is None
