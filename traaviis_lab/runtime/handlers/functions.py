"""How a registered function wants to be called: awaited or not, with a scope or without."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from traaviis_lab.errors import EffectError
from traaviis_lab.machine.problems import show


class Manner(NamedTuple):
    """How to call a function. `signature` is None where Python does not tell it.

    `known` are the names of its parameters, None where names alone do not say what fits.
    """

    awaits: bool
    scoped: bool
    signature: inspect.Signature | None
    needed: frozenset[str] = frozenset()
    known: frozenset[str] | None = None


def manner_of(function: Callable[..., Any]) -> Manner:
    """How this function wants to be called; worked out once for each."""
    try:
        found = _known.get(function)
        if found is None:
            found = _known[function] = _look(function)
    except TypeError:  # it cannot be hashed, or not referred to weakly
        return _look(function)
    return found


def check_fit(name: str, manner: Manner, args: Mapping[str, Any]) -> None:
    """Raise `EffectError` where the arguments do not fit, naming the function and them."""
    if manner.signature is None:
        return
    if manner.known is not None and manner.needed <= args.keys() <= manner.known:
        return
    given = {**args, "scope": None} if manner.scoped else args
    try:
        manner.signature.bind(**given)
    except TypeError as error:
        raise EffectError(
            f"call: {name}{manner.signature} cannot be called with {_told(args)}: {error}.",
            hint="The effect's `args` are passed by name; mend one of the two.",
        ) from None


def own(args: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, to be changed at will: what a template gave is the run's data itself, and
    what was written there is the chart's, which other runs are asked by too.
    """
    return {key: _own(value) for key, value in args.items()}


def is_async(function: Any) -> bool:
    """Whether calling it gives something to await: also a partial, or an async `__call__`."""
    while isinstance(function, partial):
        function = function.func
    call = getattr(type(function), "__call__", None)  # noqa: B004
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


_known: WeakKeyDictionary[Callable[..., Any], Manner] = WeakKeyDictionary()


def _look(function: Callable[..., Any]) -> Manner:
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return Manner(is_async(function), False, None)
    scope = signature.parameters.get("scope")
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    named = [one for one in signature.parameters.values() if one.kind in by_name]
    plain = len(named) == len(signature.parameters)
    return Manner(
        is_async(function),
        scope is not None and scope.kind in by_name,
        signature,
        frozenset(one.name for one in named if one.default is one.empty) - {"scope"},
        frozenset(one.name for one in named) - {"scope"} if plain else None,
    )


def _own(value: Any) -> Any:
    if isinstance(value, Mapping):
        return own(value)
    return [_own(one) for one in value] if isinstance(value, list | tuple) else value


def _told(args: Mapping[str, Any]) -> str:
    shown = [f"{name}={show(value)}" for name, value in list(args.items())[:8]]
    return f"({', '.join(shown)}{', ...' * (len(args) > 8)})"
