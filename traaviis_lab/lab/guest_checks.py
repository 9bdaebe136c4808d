"""Check a chart that somebody outside wrote against what this lab allows, before it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from traaviis_lab.effects import Call, CallApi, CallTool, InvokeFsm, SpawnFsm
from traaviis_lab.effects.growing.rules import parts
from traaviis_lab.effects.secret_places import secrets_in
from traaviis_lab.machine import Chart
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.problems import Path, Problem

if TYPE_CHECKING:
    from traaviis_lab.runtime import Engine

MOST_STATES = 2_000
DEEPEST = 32
_PORTS = {"http": "80", "https": "443"}


def guest_problems(engine: Engine, chart: Chart, tenant: str) -> list[Problem]:
    """What would not be allowed: too large a chart, and effects that may not be performed."""
    found = list(_size(chart))
    if found:
        return found
    told: set[str] = set()
    for place, effect in effects_of(chart):
        for message, cure in _refusals(engine, chart, effect, tenant):
            if message not in told:
                told.add(message)
                found.append(Problem(place, message, cure))
    return found


def effects_of(chart: Chart) -> Iterator[tuple[Path, Effect]]:
    """Every effect that a chart may ask for, the parts of composed ones too, with its place."""
    for name, node in chart.states.items():
        blocks: list[tuple[str, tuple[Effect, ...]]] = [
            ("on_enter", node.on_enter), ("enter", node.enter), ("exit", node.exit),
        ]  # fmt: skip
        blocks += [("transitions", one.do) for one in node.transitions]
        for word, block in blocks:
            for effect in block:
                yield from ((("states", name, word), one) for one in _all_in(effect))


def _all_in(effect: Effect) -> Iterator[Effect]:
    stack = [effect]
    while stack:
        one = stack.pop()
        yield one
        stack.extend(parts(one))


def _size(chart: Chart) -> Iterator[Problem]:
    if len(chart.states) > MOST_STATES:
        yield Problem(
            ("states",), f"there are {len(chart.states):,} states.",
            f"At most {MOST_STATES:,} are taken from outside; make several machines of it.",
        )  # fmt: skip
        return
    for name, node in chart.states.items():
        depth, above = 0, node.parent
        while above:
            depth, above = depth + 1, chart.states[above].parent
        if depth >= DEEPEST:
            yield Problem(
                ("states", name), f"this state lies {depth + 1} deep.",
                f"States from outside lie at most {DEEPEST} deep.",
            )  # fmt: skip
            return


def _refusals(engine: Engine, chart: Chart, effect: Any, tenant: str) -> Iterator[tuple[str, str]]:
    """What is wrong with one effect: what would be refused, and the cure."""
    kind = type(effect)
    if (
        not (kind.composed or kind.internal)
        and kind.outward
        and not engine.interpreter.handles(kind)
    ):
        yield f"nobody here performs {kind.kind!r}.", "Use another effect."
    if isinstance(effect, Call) and _is_plain(effect.function):
        if effect.function not in engine.functions:
            known = ", ".join(sorted(engine.functions)[:20]) or "none"
            yield f"no function {effect.function!r} is registered here.", f"There are: {known}."
    elif isinstance(effect, InvokeFsm | SpawnFsm) and _is_plain(effect.machine):
        if effect.machine != chart.name and engine.machine(effect.machine, tenant) is None:
            known = ", ".join(sorted(engine.machines_of(tenant))) or "none"
            yield f"there is no machine {effect.machine!r}.", f"There are: {known}."
    elif isinstance(effect, CallApi):
        yield from _of_api(engine, effect)
    elif isinstance(effect, CallTool):
        yield from _of_tool(effect)


def _of_api(engine: Engine, effect: CallApi) -> Iterator[tuple[str, str]]:
    host = _host(effect.url)
    if host and not engine.hosts.allows(host):
        allowed = engine.hosts.told()
        yield f"this lab may not call {host!r}.", f"A person allows hosts. Allowed: {allowed}."
    kept = engine.secrets.kept_for_hosts()
    for name in secrets_in(effect.with_secrets()):
        if name not in kept:
            listed = ", ".join(kept) or "none"
            yield (
                f"the secret {name!r} is not one that a spec from outside may use.",
                f"It has to be kept for hosts by a person. There are: {listed}.",
            )


def _of_tool(effect: CallTool) -> Iterator[tuple[str, str]]:
    """A tool is a way out of the lab, and no host says where it leads."""
    for name in secrets_in(effect.with_secrets()):
        yield (
            f"the secret {name!r} may not be handed to a tool by a spec from outside.",
            "Leave it out; a server's own secrets are given by the person who added it.",
        )


def _host(url: str) -> str:
    """`name:port` of an address as it is written; "" where a template decides it."""
    head = url.partition("://")[2].partition("/")[0]
    if "{{" in head or "$secret" in head or "://" not in url:
        return ""
    try:
        split = urlsplit(url)
        port = split.port or _PORTS.get(split.scheme, "")
    except ValueError:
        return ""
    return f"{split.hostname or ''}:{port}"


def _is_plain(name: str) -> bool:
    return "{{" not in name
