"""Why an effect inside a composed one was performed: its place there, and what came before it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from traaviis_lab.effects.growing.places import INTO, child_of, is_under
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine.effect import Effect
from traaviis_lab.travel.trail import Moment

from .pages import Pages

_STEPS = ("sequence", "saga")
_PARTS = {
    **dict.fromkeys(_STEPS, "step"),
    **dict.fromkeys(("for_each", "batch"), "item"),
    **dict.fromkeys(("parallel", "race"), "part"),
    "fallback": "choice",
}
_GATES = ("circuit_breaker", "rate_limit", "bulkhead", "cache")


class Placed(NamedTuple):
    """Where an effect stands: in words, the effect as written (None: a wait, a permit), and the
    paths below its root of what it may follow from, each with how that ended."""

    words: str
    effect: Effect | None
    after: tuple[tuple[str, str], ...]


def placed(root: Effect, inner: str) -> Placed:
    """Where the path `inner` below a composed effect leads, from the inside out."""
    effect: Effect | None = root
    words: list[str] = []
    after: list[tuple[str, str]] = []
    here = ""
    for part in inner.split("/"):
        if part == INTO and effect is not None:
            words.insert(0, f"the result of a {effect.kind.replace('_', ' ')}")
            after.append((here, "effect.completed"))
        if effect is None or not effect.composed or not part.isdigit():
            effect = None
            break
        number = int(part)
        word, before = _step(effect, number)
        if word:
            words.insert(0, word)
        if before is not None:
            place, end = before
            after.append((f"{here}/{place}".lstrip("/") if place else "", end))
        effect = None if _is_ours(effect, number) else child_of(effect, number)
        here = f"{here}/{part}".lstrip("/")
    told = ", in ".join(words)
    told = f"{'in' if told.startswith('a ') else 'as'} {told}" if told else ""
    return Placed(told, effect, tuple(reversed(after)))


def outcome_before(pages: Pages, seq: int, first: int, path: str, end: str) -> int | None:
    """The newest fact between `first` and `seq` that tells of an `end` at a path or below it."""
    for moment in _ends(pages, seq, first, path, end):
        return moment.fact.seq
    return None


def failure_below(pages: Pages, seq: int, first: int, root: str) -> int | None:
    """The failure of a leaf that a composed effect's own failure at `seq` came from."""
    error = pages.moment(seq).body["error"]
    told = {error.get("message"), *(one.get("message") for one in error.get("chain", ()))}
    for moment in _ends(pages, seq, first, root, "effect.failed"):
        if moment.body["error"].get("message") in told:
            return moment.fact.seq
    return None


def _ends(pages: Pages, seq: int, first: int, path: str, end: str) -> Iterator[Moment]:
    needle = b'"path":' + encode(path)[:-1]
    for fact in pages.back(seq - 1, seq - 1 - first):
        if fact.kind == end and needle in fact.body:
            moment = pages.moment(fact.seq)
            if is_under(str(moment.body["path"]), path):
                yield moment


def _step(effect: Effect, number: int) -> tuple[str, tuple[str, str] | None]:
    """One step into a composed effect in words, and what it follows from."""
    kind, told = effect.kind, f"a {effect.kind.replace('_', ' ')}"
    if kind == "retry":
        before = number - 1 if number % 2 else number - 2
        word = "the wait after attempt" if number % 2 else "attempt"
        follows = (str(before), "effect.failed") if number else None
        return f"{word} {number // 2 + 1} of {told}", follows
    if kind == "with_compensation":
        return ("an undoing", ("", "effect.failed")) if number else ("", None)
    if kind in _PARTS:
        end = {"fallback": "effect.failed", **dict.fromkeys(_STEPS, "effect.completed")}.get(kind)
        follows = (str(number - 1), end) if number and end else None
        return f"{_PARTS[kind]} {number + 1} of {told}", follows
    aside = "the clock of " if kind == "timeout" else "the permit of " if kind in _GATES else ""
    return f"{aside if number else ''}{told}", None


def _is_ours(effect: Effect, number: int) -> bool:
    """Whether a child is none that was written: a wait, a clock, a permit."""
    if effect.kind == "retry":
        return number % 2 == 1
    return number == 1 and effect.kind in ("timeout", *_GATES)
