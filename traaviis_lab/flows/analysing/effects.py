"""Look at the effects of a machine: their limits, their failures, and what makes them undone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from traaviis_lab.machine.names import parse_duration

from .finding import Finding
from .outline import MachineSeen, Wish, is_composed, is_leaf_outside, own_limit

MOST_ATTEMPTS = 10
MOST_AT_ONCE = 10
_SHORT = {"delay", "send_event", "spawn_fsm"}
_READING = {"GET", "HEAD", "OPTIONS"}
_ASKING = {"delay", "call_llm", "embed_text", "vector_search", "rag_pipeline"}
_SECRET = re.compile(r"authorization|cookie|secret|passw|token|api[-_]?key", re.IGNORECASE)
_HIDDEN = re.compile(r"\$secret\{|\{\{")
_HERE = re.compile(r"http://(localhost|127\.|\[::1\]|10\.|192\.168\.|[^/:.]+([:/]|$)|\{\{)")


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known of an effect from those around it."""

    limited: bool = False
    attempts: int = 1
    slowed: bool = False
    in_steps: bool = False


def findings_of_effects(machine: MachineSeen) -> Iterator[Finding]:
    """What the effects of a machine could gain."""
    for wish in machine.wishes:
        yield from _look(machine, wish, _Around())
    for state in machine.states.values():
        outside = [one for wish in state.enter for one in _may_fail(wish)]
        if outside and state.is_whole and not machine.takes_errors_of(state):
            what = f"It asks for {outside[0].code}, and hears of no failure."
            cure = "on_error=target" if machine.language == "python" else "on_error: {to: target}"
            where = f"{state.name}.enter"
            yield Finding("no-on-error", machine.name, where, outside[0].line, what, cure)


def lacks_limit(wish: Wish) -> bool:
    """Whether this effect alone may take for ever."""
    return is_leaf_outside(wish.kind) and wish.kind not in _SHORT and not own_limit(wish.kind)


def around(wish: Wish, outer: _Around) -> _Around:
    """What the parts of an effect know of those around them."""
    made = outer
    if wish.kind == "timeout" or _races_a_clock(wish):
        made = replace(made, limited=True)
    if wish.kind == "retry":
        attempts = wish.words.get("attempts", 3)
        made = replace(made, attempts=made.attempts * (attempts if _is_count(attempts) else 1))
    if wish.kind in ("rate_limit", "bulkhead"):
        made = replace(made, slowed=True)
    if wish.kind in ("sequence", "saga"):
        made = replace(made, in_steps=True)
    return made


def unlimited(wish: Wish, outer: _Around = _Around()) -> Iterator[Wish]:
    """The effects within this one that may take for ever, since nothing around limits them."""
    if lacks_limit(wish) and not outer.limited:
        yield wish
    for inner in wish.inner:
        yield from unlimited(inner, around(wish, outer))


def _look(machine: MachineSeen, wish: Wish, outer: _Around) -> Iterator[Finding]:
    def found(rule: str, what: str, python: str, document: str) -> Finding:
        cure = python if machine.language == "python" else document
        return Finding(rule, machine.name, wish.place, wish.line, what, cure)

    if lacks_limit(wish) and not outer.limited:
        yield found(
            "no-timeout",
            f"{wish.code} has no limit.",
            f'fx.timeout({wish.code}, after="30s")',
            f"{{kind: timeout, after: 30s, effect: {wish.code}}}",
        )
    within = around(wish, outer)
    yield from _look_at_retry(wish, within, found)
    yield from _look_at_fan(wish, outer, found)
    yield from _look_at_address(wish, found)
    if wish.kind in ("sequence", "saga") and not outer.in_steps:
        yield from _look_at_steps(wish, found)
    for inner in wish.inner:
        yield from _look(machine, inner, within)


def _look_at_retry(wish: Wish, within: _Around, found: Any) -> Iterator[Finding]:
    if wish.kind != "retry":
        return
    if within.attempts > MOST_ATTEMPTS:
        what = f"{within.attempts:,} attempts are possible."
        cure = "fx.circuit_breaker(fx.retry(..., attempts=3), name=...)"
        document = "{kind: circuit_breaker, name: ..., effect: {kind: retry, attempts: 3, ...}}"
        yield found("many-attempts", what, cure, document)
    if parse_duration(wish.words.get("delay", 1)) == 0:
        what = "Its attempts follow each other at once."
        cure = 'delay="1s", backoff="exponential"'
        yield found("retry-without-pause", what, cure, "delay: 1s, backoff: exponential")


def _look_at_fan(wish: Wish, outer: _Around, found: Any) -> Iterator[Finding]:
    outside = any(is_leaf_outside(one.kind) and one.kind != "delay" for one in wish.all())
    slowed = outer.slowed or any(one.kind in ("rate_limit", "bulkhead") for one in wish.inner)
    if slowed or not outside:
        return
    if wish.kind in ("for_each", "batch"):
        wide = wish.words.get("concurrency", 1) == 0
        what = "All items go out at once, however many there are."
    else:
        wide = wish.kind == "parallel" and not wish.words.get("concurrency")
        wide = wide and len(wish.inner) > MOST_AT_ONCE
        what = f"{len(wish.inner)} effects go out at once."
    if wide:
        yield found("unbounded-fan-out", what, "concurrency=5", "concurrency: 5")


def _look_at_steps(wish: Wish, found: Any) -> Iterator[Finding]:
    steps = list(_changing(wish))
    open_ones = [step for step, undone in steps[:-1] if not undone]
    if open_ones:
        code = open_ones[0].code
        what = f"Nothing undoes {code} where a later step fails."
        python = f'fx.with_compensation({code}, undo=fx.call("..."))'
        document = "{kind: with_compensation, effect: {...}, undo: {kind: call, function: ...}}"
        yield found("no-compensation", what, python, document)


def _look_at_address(wish: Wish, found: Any) -> Iterator[Finding]:
    url = wish.words.get("url")
    if isinstance(url, str) and url.startswith("http://") and not _HERE.match(url):
        yield found("plain-http", f"{url[:80]} is not encrypted.", "https://...", "https://...")
    for part in ("headers", "params"):
        values = wish.words.get(part)
        for name, value in values.items() if isinstance(values, dict) else ():
            if isinstance(value, str) and value and _is_open_secret(str(name), value):
                what = f"{part} hold {name!r} in the clear."
                cure = f'"{name}": {{"secret": "NAME"}}, and lab.secrets["NAME"] = ...'
                document = f"{name}: {{secret: NAME}}"
                yield found("secret-in-text", what, cure, document)


def _is_open_secret(name: str, value: str) -> bool:
    return bool(_SECRET.search(name)) and not _HIDDEN.search(value)


def _changing(wish: Wish, undone: bool = False) -> Iterator[tuple[Wish, bool]]:
    """The effects that change the world, in order, and whether something undoes each."""
    if wish.kind == "with_compensation":
        for inner in wish.inner[:1]:
            yield from _changing(inner, True)
    elif is_composed(wish.kind):
        for inner in wish.inner:
            yield from _changing(inner, undone)
    elif is_leaf_outside(wish.kind) and wish.kind not in _ASKING:
        method = wish.words.get("method", "GET")
        if wish.kind != "call_api" or str(method).upper() not in _READING:
            yield wish, undone


def _may_fail(wish: Wish) -> Iterator[Wish]:
    """The effects outside whose failure is a failure of this one."""
    if wish.kind == "fallback" and wish.inner:
        yield from _may_fail(wish.inner[-1])
    elif is_composed(wish.kind):
        for inner in wish.inner:
            yield from _may_fail(inner)
    elif is_leaf_outside(wish.kind) and wish.kind != "delay":
        yield wish


def _races_a_clock(wish: Wish) -> bool:
    return wish.kind == "race" and any(inner.kind == "delay" for inner in wish.inner)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
