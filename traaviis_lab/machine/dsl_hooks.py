"""The hooks and components of a Machine class: its lists, and methods such as `on_enter_paying`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from inspect import Parameter, signature
from typing import Any

from .dsl import Machine, State
from .mixing.component import Component, Use
from .mixing.hook import WORDS, Hook
from .names import did_you_mean
from .problems import Problems, show
from .reading import one_or_more

_GIVEN = ("data", "event")


def hooks_of(machine: type[Machine], problems: Problems) -> list[Hook]:
    """What the lists `hooks` of the class and its bases hold, the bases' first."""
    return list(_listed(machine, "hooks", Hook, "on_enter('*', fx.log('in $state'))", problems))


def uses_of(machine: type[Machine], problems: Problems) -> list[Use]:
    """What the lists `components` of the class and its bases hold, the bases' first."""
    return list(_listed(machine, "components", Use, "Security(prefix='door')", problems))


def _listed(
    machine: type[Machine], name: str, kind: type[Any], example: str, problems: Problems
) -> Iterator[Any]:
    n = 0
    for base in reversed(machine.__mro__):
        own = base.__dict__.get(name, ())
        if isinstance(own, State):
            continue  # told where the states are collected
        for item in own if isinstance(own, list | tuple) else [own]:
            made = item() if isinstance(item, Component) and kind is Use else item
            if isinstance(made, kind):
                yield made
            else:
                problems.add((name, n), f"{show(item)} is none of the {name}.", f"Write {example}.")
            n += 1


def methods_of(
    machine: type[Machine],
    states: Iterable[State],
    attributes: Mapping[str, str],
    problems: Problems,
) -> list[Hook]:
    """A hook for each method named after one; `attributes` names the `states` by id.

    The functions themselves are kept on the class, for the lab to register.
    """
    functions: dict[str, Callable[..., Any]] = {}
    hooks: list[Hook] = []
    arrows = [arrow for state in states for arrow in (*state.arrows, *state.timers)]
    heard = list(dict.fromkeys(e for arrow in arrows for e in one_or_more(_on(arrow))))
    guards = [_bare(value) for a in arrows for value in (a.get("when"), *_assigned(a))]
    for name, function in _methods(machine):
        if any(function is value for value in guards):
            continue  # a guard that only sounds like a hook
        word = next(word for word in WORDS if name.startswith(f"{word}_"))
        what = name[len(word) + 1 :]
        known = list(attributes.values()) if word in ("on_enter", "on_exit") else heard
        if known is heard:
            found = [event for event in heard if _as_word(event) == what]
        else:
            found = [id_ for id_, attribute in attributes.items() if what in (attribute, id_)]
        if len(found) != 1:
            _tell(name, word, what, found, known, problems)
            continue
        args = _arguments(function, name, problems)
        registered = f"{machine.__name__}.{name}"
        functions[registered] = function
        call = {"kind": "call", "function": registered, **({"args": args} if args else {})}
        hooks.append(Hook(word, found[0], (call,)))
    machine._functions = functions
    return hooks


def functions_of(machine: Any) -> Mapping[str, Callable[..., Any]]:
    """The functions behind the hook methods of a Machine class, by the names charts call them."""
    is_class = isinstance(machine, type) and issubclass(machine, Machine)
    return machine._functions if is_class else {}


def _methods(machine: type[Machine]) -> list[tuple[str, Callable[..., Any]]]:
    """Functions of the class and its bases whose names begin as hooks do; the nearest counts."""
    found: dict[str, Callable[..., Any]] = {}
    for base in reversed(machine.__mro__):
        for name, value in vars(base).items():
            if not name.startswith(tuple(f"{word}_" for word in WORDS)):
                continue
            found.pop(name, None)
            function = _bare(value)
            if callable(function) and not isinstance(function, type):
                found[name] = function
    return list(found.items())


def _arguments(function: Callable[..., Any], name: str, problems: Problems) -> dict[str, str]:
    """What it is called with: those of `data` and `event` that it takes."""
    try:
        words = signature(function).parameters
        args = {word: f"{{{{ {word} }}}}" for word in _GIVEN if word in words}
        bare = [w for w, p in words.items() if p.kind is Parameter.POSITIONAL_ONLY]
        signature(function).bind(**args, **({"scope": None} if "scope" in words else {}))
    except (TypeError, ValueError):
        bare, args = [name], {}
    if bare:
        cure = "Take (data, event), one of them, or nothing: a hook has no `self`."
        problems.add((name,), f"`{name}` cannot be called with data and event.", cure)
    return args


def _tell(
    name: str, word: str, what: str, found: list[str], known: list[str], problems: Problems
) -> None:
    kind = "state" if word.startswith("on_") else "event"
    if found:
        cure = f"Use the list: hooks = [{word}({found[0]!r}, ...)]."
        problems.add((name,), f"`{name}` may mean {' or '.join(map(repr, found))}.", cure)
    else:
        cure = did_you_mean(what, list(map(_as_word, known)), f"{kind.title()}s")
        more = "A function that is no hook needs another name."
        problems.add((name,), f"`{name}`: there is no {kind} {show(what)}.", f"{cure} {more}")


def _as_word(event: str) -> str:
    """An event as it stands in a method's name: `pay.card` is `pay_card`."""
    return re.sub(r"\W", "_", event)


def _bare(value: Any) -> Any:
    """The function in a static method."""
    return value.__func__ if isinstance(value, staticmethod) else value


def _on(arrow: Mapping[str, Any]) -> Any:
    on = arrow.get("on", [])
    return list(on) if isinstance(on, tuple) else on


def _assigned(arrow: Mapping[str, Any]) -> list[Any]:
    assign = arrow.get("assign", {})
    return list(assign.values()) if isinstance(assign, Mapping) else []
