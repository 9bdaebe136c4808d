"""What went wrong in a run: effects that failed, errors raised inside, events refused."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from traaviis_lab.runtime.standing import root_of

from .explain import Finding, times
from .passage import Noted, Passage, Passing, told_state


def errors(passage: Passage) -> list[Finding]:
    """Failed effects, `error.execution` events and trouble in the engine, each kind once."""
    return [*_failed(passage), *_raised(passage), *_troubles(passage)]


def _failed(passage: Passage) -> Iterable[Finding]:
    groups: dict[tuple[str, str], list[Noted]] = {}
    for noted in passage.failed:
        message = str(noted.body["error"].get("message", ""))
        groups.setdefault((noted.name, message), []).append(noted)
    moves = {move.seq: move for move in passage.moves}
    for (name, message), group in groups.items():
        last = group[-1]
        if all(_overcome(passage, one) for one in group):
            yield _in_spite(name, message, group)
            continue
        followed, heard = _followed(moves.get(last.fact.seq + 1), last.fact.state)
        seqs = _with_what_followed([one.fact.seq for one in group], moves)
        hint = str(last.body["error"].get("hint", ""))
        text = "\n".join(line for line in (message, hint, followed) if line)
        title = f"Effect {name} failed {times(len(group))} in {told_state(last.fact.state)}"
        weight = min(0.95, (0.6 if heard else 0.85) + 0.03 * (len(group) - 1))
        yield Finding(title, text, round(weight, 2), seqs, "error")


def _overcome(passage: Passage, noted: Noted) -> bool:
    """Whether what a failed effect is part of (a retry, a fallback, ...) succeeded all the same."""
    path = str(noted.body.get("path", ""))
    root = root_of(path)[0]
    return root != path and passage.ended_as.get(root) == "effect.completed"


def _in_spite(name: str, message: str, group: list[Noted]) -> Finding:
    text = f"{message}\nWhat it is part of succeeded all the same."
    title = f"Effect {name} failed {times(len(group))} in {told_state(group[-1].fact.state)}"
    weight = round(min(0.6, 0.3 + 0.03 * (len(group) - 1)), 2)
    return Finding(title, text, weight, tuple(one.fact.seq for one in group), "error")


def _with_what_followed(seqs: list[int], moves: dict[int, Passing]) -> tuple[int, ...]:
    """The seqs, each with the error event after it."""
    more = (s + 1 for s in seqs if s + 1 in moves and moves[s + 1].event.startswith("error."))
    return tuple(sorted({*seqs, *more}))


def _followed(move: Passing | None, state: str) -> tuple[str, bool]:
    """What came of a failure, in words, and whether the machine had an answer to it."""
    if move is None or not move.event.startswith("error."):
        return "", False
    if move.after != move.before:
        return f"`{move.event}` took the run to {told_state(move.after)}.", True
    if orjson.loads(move.body).get("step", {}).get("taken"):
        return f"`{move.event}` was taken; the run stayed in {told_state(state)}.", True
    return (
        f"No transition listens for `{move.event}`: the run stayed in {told_state(state)}.",
        False,
    )


def _raised(passage: Passage) -> Iterable[Finding]:
    groups: dict[tuple[str, str], list[Noted]] = {}
    for noted in passage.errors:
        for event in (noted.body.get("step") or {}).get("raised", ()):
            if event.get("name") == "error.execution":
                data: dict[str, Any] = event.get("data") or {}
                key = (str(data.get("where", "")), str(data.get("message", "")))
                groups.setdefault(key, []).append(noted)
    for (where, message), group in groups.items():
        seqs = tuple(dict.fromkeys(one.fact.seq for one in group))
        title = f"{where or 'Something'} could not be computed, {times(len(group))}"
        weight = min(0.9, 0.75 + 0.03 * (len(group) - 1))
        yield Finding(title, message, round(weight, 2), seqs, "error")


def _troubles(passage: Passage) -> Iterable[Finding]:
    for noted in passage.troubles:
        error = (noted.body.get("data") or {}).get("error") or {}
        title = f"A turn that nobody waited for went wrong at seq {noted.fact.seq}"
        text = "\n".join(str(error[key]) for key in ("message", "hint") if error.get(key))
        yield Finding(title, text, 0.8, (noted.fact.seq,), "error")


def refused(passage: Passage) -> list[Finding]:
    """Events that were not taken, by name, state and reason."""
    groups: dict[tuple[str, str, str], list[Noted]] = {}
    for noted in passage.refused:
        key = (noted.fact.name, noted.fact.state, str(noted.body.get("reason", "")))
        groups.setdefault(key, []).append(noted)
    found = []
    for (name, state, reason), group in groups.items():
        seqs = tuple(one.fact.seq for one in group)
        last = seqs[-1] == passage.facts and passage.done is None
        late = passage.done is not None and seqs[0] > passage.done.fact.seq
        weight = 0.15 if late else 0.3 + min(0.3, 0.05 * len(group)) + (0.15 if last else 0.0)
        hint = str(group[-1].body.get("hint", ""))
        text = "\n".join(line for line in (reason, hint) if line)
        title = f"Event `{name}` was refused {times(len(group))} in {told_state(state)}"
        if last:
            title += ", and that is the last that happened"
        found.append(Finding(title, text, round(weight, 2), seqs, "refused"))
    return found
