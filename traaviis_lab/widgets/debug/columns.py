"""Facts as packed columns: a few bytes a fact, words by their number in tables that only grow."""

from __future__ import annotations

import re
import sys
from array import array
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import orjson

from traaviis_lab.journal import Fact
from traaviis_lab.machine import Chart

MOVED, BAD, CHANGED, INSIDE = 1, 2, 4, 8
BAD_KINDS = frozenset({"event.refused", "effect.failed", "budget.exceeded"})
ABOUT_EFFECTS = ("effect.", "human.")
_PATH = re.compile(rb'\{"path":"([^"\\]*)"')
_WIDE = "I" if array("I").itemsize == 4 else "L"


class Words:
    """A table of words: each has the number of its first coming, and is told once."""

    def __init__(self, tell: Callable[[Any], Any] = lambda word: word) -> None:
        self.told: list[Any] = []
        self._tell = tell
        self._numbers: dict[Hashable, int] = {}

    def number(self, word: Hashable) -> int:
        """The word's number, a new one if it never came before."""
        found = self._numbers.get(word)
        if found is None:
            found = self._numbers[word] = len(self.told)
            self.told.append(self._tell(word))
        return found


class Columns:
    """Packs facts of one chart's run. Not safe for threads."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self.kinds, self.names = Words(), Words()
        self.states, self.taken = Words(self._active), Words(list)
        self.taken.number(())

    def tables(self) -> dict[str, list[Any]]:
        """All words so far."""
        return {name: list(words.told) for name, words in self._all().items()}

    def pack(self, facts: Sequence[Fact]) -> tuple[dict[str, Any], list[bytes]]:
        """`(tables, buffers)`: the words that are new, `{table: [first number, words]}`, and the
        columns `at, kind, name, state, taken, flags`, little endian."""
        known = {name: len(words.told) for name, words in self._all().items()}
        kind, name, state = self.kinds.number, self.names.number, self.states.number
        taken, flags = array(_WIDE), array("B")
        for fact in facts:
            came, flag = _look(fact)
            taken.append(self.taken.number(came))
            flags.append(flag)
        columns = (
            array("d", [fact.at / 1000 for fact in facts]),
            array("B", [kind(fact.kind) for fact in facts]),
            array(_WIDE, [name(fact.name) for fact in facts]),
            array(_WIDE, [state(fact.state) for fact in facts]),
            taken,
            flags,
        )
        new = {
            name: [known[name], words.told[known[name] :]] for name, words in self._all().items()
        }
        return new, [_little(column) for column in columns]

    @staticmethod
    def paths(facts: Sequence[Fact]) -> list[str]:
        """The path of each fact that is about an effect, in order; empty where it has none."""
        return [path_of(fact) for fact in facts if fact.kind.startswith(ABOUT_EFFECTS)]

    def _all(self) -> dict[str, Words]:
        return {
            "kinds": self.kinds, "names": self.names, "states": self.states, "taken": self.taken
        }  # fmt: skip

    def _active(self, leaves: Hashable) -> list[str]:
        """All active states, ancestors first, from the journal's text of the leaves."""
        return active_states(self._chart, str(leaves))


def active_states(chart: Chart, leaves: str) -> list[str]:
    """The leaves with their ancestors in document order; ids the chart has not come last."""
    found: dict[str, None] = {}
    strangers = []
    for leaf in filter(None, leaves.split(",")):
        if leaf not in chart.states:
            strangers.append(leaf)
            continue
        name: str | None = leaf
        while name and name not in found:  # the root is nobody's name
            found[name] = None
            name = chart.states[name].parent
    return [*sorted(found, key=lambda name: chart.states[name].order), *strangers]


def path_of(fact: Fact) -> str:
    """The place of the effect a fact is about."""
    found = _PATH.match(fact.body)
    if found is not None:
        return found[1].decode()
    path = orjson.loads(fact.body).get("path")
    return path if isinstance(path, str) else ""


def is_bad(fact: Fact) -> bool:
    """Whether something went wrong: an event refused, an effect failed, an error event."""
    return fact.kind in BAD_KINDS or fact.name.startswith("error.")


def _look(fact: Fact) -> tuple[tuple[str, ...], int]:
    """The transitions a fact took, and its flags."""
    flag = INSIDE if fact.cause is not None else 0
    if is_bad(fact):
        flag |= BAD
    if fact.kind == "run.forked":
        return (), flag | CHANGED
    if b'"step":' not in fact.body:
        return (), flag
    step = orjson.loads(fact.body).get("step")
    if not isinstance(step, dict):
        return (), flag
    if fact.kind == "run.started" or "set" in step or "check" in step:
        flag |= CHANGED
    return tuple(step.get("taken", ())), flag | MOVED


def _little(column: array[Any]) -> bytes:
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()
