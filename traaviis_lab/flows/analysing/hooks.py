"""Look into the hooks and guards of classes for what should be an effect."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .classes import Hook, MachineClass
from .finding import Finding
from .outline import short
from .outside import Touch, touch_of
from .scope import Function, Scope

_HTTP = ("get", "post", "put", "patch", "delete", "head", "options")
_RULES: dict[Touch, str] = {
    "outside": "hook-io", "sleep": "hook-sleep", "say": "hook-print", "thread": "hook-thread",
}  # fmt: skip
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Act:
    """One call in a hook that touches something; `via` is the function it stands in, if another."""

    touch: Touch
    does: str
    name: str
    node: ast.Call
    via: str
    loops: bool


class _Way(NamedTuple):
    """How one came to a function: by which one, whether in a loop, how many calls deep."""

    via: str
    loops: bool
    depth: int


def findings_of_hooks(scope: Scope, machine: MachineClass) -> Iterator[Finding]:
    """What the methods of a machine do themselves that an effect should do."""
    for hook in machine.hooks:
        acts = list(acts_of(scope, machine, hook.node))
        if hook.decides:
            yield from decision_findings(acts, machine.name, hook.name)
            continue
        for touch, rule in _RULES.items():
            found = [act for act in acts if act.touch == touch]
            if found:
                yield _finding(rule, machine, hook, found)
        loops = [act for act in acts if act.loops and act.touch == "outside"]
        if loops:
            yield _finding("hook-loop", machine, hook, loops)
        yield from _swallowed(machine, hook)


def decision_findings(acts: list[Act], machine: str, place: str) -> Iterator[Finding]:
    """What a guard or an assignment touches that it must not."""
    for touches, rule in ((("outside", "sleep"), "guard-io"), (("clock",), "impure-decision")):
        found = [act for act in acts if act.touch in touches]
        if found:
            cure = (
                "Ask with an effect in a state before (`into` a field of the data), "
                "and decide by `data`."
            )
            if rule == "impure-decision":
                cure = "Take it from the event's data, or from an effect; a wait is `after`."
            yield Finding(rule, machine, place, found[0].node.lineno, _what(found), cure)


def acts_of(scope: Scope, machine: MachineClass | None, node: ast.AST) -> Iterator[Act]:
    """The calls that touch something, also those in methods and functions that are called."""
    yield from _acts(scope, machine, node, _Way("", False, 0), set())


def _acts(
    scope: Scope, machine: MachineClass | None, node: ast.AST, way: _Way, seen: set[str]
) -> Iterator[Act]:
    looped = _looped(node)
    for call in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
        name = scope.name_of(call.func)
        touch = touch_of(name)
        if touch is not None:
            yield Act(*touch, name, call, way.via, way.loops or call in looped)
            continue
        called = _called(scope, machine, name)
        if called is not None and called.name not in seen and way.depth < _DEEPEST:
            seen.add(called.name)
            further = _Way(called.name, way.loops or call in looped, way.depth + 1)
            yield from _acts(scope, machine, called, further, seen)


def _called(scope: Scope, machine: MachineClass | None, name: str) -> Function | None:
    """The function of this source that a call means."""
    root, dot, method = name.partition(".")
    if not dot:
        return scope.functions.get(root)
    if machine is not None and root in ("self", "cls", machine.name):
        return machine.methods.get(method)
    return None


def _looped(node: ast.AST) -> set[ast.AST]:
    loops = (one for one in ast.walk(node) if isinstance(one, ast.While | ast.For | ast.AsyncFor))
    return {inner for loop in loops for inner in ast.walk(loop)}


def _finding(rule: str, machine: MachineClass, hook: Hook, acts: list[Act]) -> Finding:
    first = acts[0]
    cure = _cure(rule, hook, first)
    return Finding(rule, machine.name, hook.name, first.node.lineno, _what(acts), cure)


def _what(acts: list[Act]) -> str:
    first = acts[0]
    via = f", in {first.via}" if first.via else ""
    lines = sorted({act.node.lineno for act in acts[1:]} - {first.node.lineno})
    more = f" (and in {len(lines)} more line{'s' * (len(lines) > 1)})" if lines else ""
    return f"It {first.does}: {short(ast.unparse(first.node))}{via}{more}."


def _cure(rule: str, hook: Hook, act: Act) -> str:
    """The effect to use, as code."""
    key = {"on_enter": "enter", "on_exit": "exit"}.get(hook.when, "do")
    if rule == "hook-sleep":
        seconds = ast.unparse(act.node.args[0]) if act.node.args else "..."
        wait = f"{seconds}s" if seconds.replace(".", "", 1).isdigit() else "5s"
        instead = f'after={{"{wait}": target}}'
        return f'enter=fx.delay("{wait}"), or {instead}' if key == "enter" else instead
    if rule == "hook-print":
        return f'{"on_enter" if key == "enter" else key}=fx.log("...")'
    verb = act.name.rpartition(".")[2]
    if rule == "hook-thread":
        return 'fx.call("name") runs beside the machine; fx.spawn_fsm(...) outlives the state'
    effect = f'fx.call("{hook.name}")'
    if act.does == "asks the network" and verb in _HTTP:
        url = act.node.args[0] if act.node.args else None
        where = repr(url.value) if isinstance(url, ast.Constant) else '"https://..."'
        effect = f'fx.call_api("{verb.upper()}", {where})'
    elif act.does == "asks a model":
        effect = 'fx.call_llm("...", prompt="...")'
    if rule == "hook-loop":
        return f"{key}=fx.retry({effect}, attempts=3), or fx.for_each(...)"
    known = "lab.register(function); " if effect.startswith("fx.call(") else ""
    return f'{known}{key}=fx.timeout({effect}, after="30s")'


def _swallowed(machine: MachineClass, hook: Hook) -> Iterator[Finding]:
    for node in ast.walk(hook.node):
        if not isinstance(node, ast.ExceptHandler):
            continue
        if all(isinstance(one, ast.Pass | ast.Continue) for one in node.body):
            kind = "all errors" if node.type is None else ast.unparse(node.type)
            what = f"It catches {short(kind)} and does nothing."
            cure = 'fx.fallback(..., fx.log("...")), or on_error=... of the state'
            yield Finding("hook-swallows", machine.name, hook.name, node.lineno, what, cure)
            return
