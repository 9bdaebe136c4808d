"""Read the states, arrows and effects of a Machine class from its source, without running it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from .classes import MachineClass, body_of
from .outline import MachineSeen, StateSeen, Wish
from .scope import Scope
from .wishes import wishes_in


@dataclass(frozen=True, slots=True)
class Arrow:
    """A call of `state.to(...)` or `state.after(...)`: whose it is, and the events as written.

    `events` is None where only running the code would tell.
    """

    state: str
    events: tuple[str, ...] | None
    call: ast.Call
    is_timer: bool = False


def outline_of(scope: Scope, machine: MachineClass) -> MachineSeen:
    """What is seen of a Machine class of ours."""
    seen = MachineSeen(machine.name, machine.node.lineno, "python")
    for name, call in state_calls(scope, machine.node).items():
        words = {word.arg: word.value for word in call.keywords if word.arg}
        _add_state(scope, seen, name, call, words)
    for arrow in arrows_of(scope, machine.node):
        where = "after" if arrow.is_timer else ", ".join(arrow.events or ("...",)) or "->"
        place = f"{arrow.state}, {where}"
        words = {word.arg: word.value for word in arrow.call.keywords if word.arg}
        seen.wishes += wishes_in(scope, words.get("do"), place)
        state = seen.states.get(arrow.state)
        if state is not None:
            state.hears |= {"*"} if arrow.events is None else set(arrow.events)
    for call in hook_calls(machine.node):
        said = [*call.args[1:], *(word.value for word in call.keywords if word.arg == "do")]
        place = f"hooks, {ast.unparse(call.func)}"
        seen.wishes += [wish for value in said for wish in wishes_in(scope, value, place)]
    return seen


def hook_calls(node: ast.ClassDef) -> list[ast.Call]:
    """The items of the list `hooks` of a class body: `before("pay", fx.log("..."))`."""
    found: list[ast.Call] = []
    for item in node.body:
        named = [getattr(one, "id", "") for one in getattr(item, "targets", ())]
        if isinstance(item, ast.Assign) and named == ["hooks"]:
            listed = item.value.elts if isinstance(item.value, ast.List | ast.Tuple) else []
            found += [one for one in listed if isinstance(one, ast.Call)]
    return found


def state_calls(scope: Scope, node: ast.ClassDef) -> dict[str, ast.Call]:
    """The calls that make the states of a class body, by the attribute they are assigned to."""
    found: dict[str, ast.Call] = {}
    for item in node.body:
        target = item.targets[0] if isinstance(item, ast.Assign) else None
        value = item.value if isinstance(item, ast.Assign) else None
        if not (isinstance(target, ast.Name) and isinstance(value, ast.Call)):
            continue
        if scope.name_of(value.func).rpartition(".")[2] in ("State", "extend"):
            found[target.id] = value
    return found


def arrows_of(scope: Scope, node: ast.ClassDef) -> list[Arrow]:
    """The arrows that a class body draws, in order."""
    found = []
    for call in body_of(node):
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            continue
        owner = call.func.value.id if isinstance(call.func.value, ast.Name) else ""
        if owner and call.func.attr in ("to", "after"):
            events = () if call.func.attr == "after" else _events(scope, call)
            found.append(Arrow(owner, events, call, call.func.attr == "after"))
    return found


def _events(scope: Scope, call: ast.Call) -> tuple[str, ...] | None:
    given = [word.value for word in call.keywords if word.arg == "on"] or call.args[1:2]
    if not given:
        return ()
    value = scope.value_of(given[0])
    events = value if isinstance(value, list) else [value]
    return tuple(events) if all(isinstance(event, str) for event in events) else None


def _add_state(
    scope: Scope,
    seen: MachineSeen,
    name: str,
    call: ast.Call,
    words: Mapping[str, ast.expr],
) -> None:
    state = StateSeen(name, call.lineno)
    state.is_whole = getattr(call.func, "attr", "State") == "State" and all(
        word.arg for word in call.keywords
    )
    state.enter = wishes_in(scope, words.get("enter"), f"{name}.enter")
    state.has_on_error, state.has_on_success = "on_error" in words, "on_success" in words
    seen.states[name] = state
    seen.wishes += state.enter
    for key in ("on_enter", "exit"):
        seen.wishes += wishes_in(scope, words.get(key), f"{name}.{key}")
    for key in ("on_success", "on_error", "after"):
        if key in words:
            seen.wishes += _wishes_of_arrows(scope, words[key], f"{name}.{key}")
    children = words.get("states")
    for child in children.elts if isinstance(children, ast.List | ast.Tuple) else ():
        if isinstance(child, ast.Name) and child.id in seen.states:
            _put_inside(seen, child.id, name)


def _wishes_of_arrows(scope: Scope, node: ast.expr, place: str) -> list[Wish]:
    """The effects under every `do` of arrows that are written as mappings."""
    found = []
    for one in ast.walk(node):
        if isinstance(one, ast.Dict):
            pairs = zip(one.keys, one.values, strict=True)
            wanted = [v for k, v in pairs if isinstance(k, ast.Constant) and k.value == "do"]
            found += [wish for value in wanted for wish in wishes_in(scope, value, place)]
    return found


def _put_inside(seen: MachineSeen, child: str, parent: str) -> None:
    """A state and all within it stand inside `parent`."""
    for state in seen.states.values():
        if state.name == child or child in state.around:
            state.around.append(parent)
