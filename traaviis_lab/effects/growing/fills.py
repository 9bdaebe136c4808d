"""Fill in the templates of leaves when they start; what is compiled for that is kept."""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from traaviis_lab.effects.composed import Gate, Permit
from traaviis_lab.machine.action import compile_filler
from traaviis_lab.machine.chart import Compute, Formula
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.expr.formula import NAMES, compile_expression

ALL_NAMES = (*NAMES, "item", "index", "error")
MOST_KEPT = 4_096
T = TypeVar("T")


class Kept:
    """What was made of an effect, by the very object: effects may hold what cannot be hashed."""

    def __init__(self, make: Callable[[Any], Any]) -> None:
        self._make = make
        self._known: OrderedDict[int, tuple[Any, Any]] = OrderedDict()

    def is_nothing(self, effect: Any) -> bool:
        """Whether this very effect was looked at and nothing was made of it."""
        found = self._known.get(id(effect))
        return found is not None and found[0] is effect and found[1] is None

    def known(self, effect: Any) -> Any:
        """What was made of this very effect; None where it was not looked at."""
        found = self._known.get(id(effect))
        return found[1] if found is not None and found[0] is effect else None

    def of(self, effect: Any) -> Any:
        """What was made of this effect, or is made now."""
        found = self._known.get(id(effect))
        if found is not None and found[0] is effect:
            return found[1]
        made = self._make(effect)
        self._known[id(effect)] = (effect, made)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return made


_SPECS = Kept(lambda effect: effect.to_spec())
_FILLERS = Kept(lambda effect: compile_filler(effect, ALL_NAMES))


def filler_of(effect: Effect) -> Compute | None:
    """What fills in a leaf's templates; None where it has none, and is asked for as it stands."""
    found: Compute | None = _FILLERS.of(effect)
    return found


def spec_of(effect: Any) -> dict[str, Any]:
    """An effect's spec; where it is the same each time, the very same dictionary."""
    found: dict[str, Any] | None = _SPECS.known(effect)
    if found is None:
        found = _SPECS.of(effect) if is_constant(effect) else effect.to_spec()
    return found


def is_constant(effect: Any) -> bool:
    """Whether this very effect is asked for again and again, as its chart has it."""
    if effect.composed:
        return not effect.given
    return _FILLERS.is_nothing(effect)


def permit_for(gate: Gate) -> Permit:
    """What is asked before a guarded effect; a cache's key still holds its templates."""
    found: Permit = _PERMITS.of(gate)
    return found


def _permit(gate: Any) -> Permit:
    rules = {
        name: list(value) if isinstance(value := getattr(gate, name), tuple) else value
        for name in ("failures", "reset", "probes", "on", "limit", "per", "queue", "ttl")
        if hasattr(gate, name)
    }
    return Permit(gate.kind, gate.name, rules, getattr(gate, "key", None))


_PERMITS = Kept(_permit)


@lru_cache(maxsize=1024)
def formula(text: str, where: str) -> Formula:
    """A condition or a list of a composed effect, compiled."""
    return compile_expression(text, where=where, names=ALL_NAMES)


def chance(salt: str, path: str) -> float:
    """A number from 0 to 1 that is the same whenever this run comes to this place."""
    return zlib.crc32(f"{salt}/{path}".encode()) / 0xFFFFFFFF


def error_of(error: Mapping[str, Any]) -> dict[str, Any]:
    """An error's kind and message, as a link of another one's chain."""
    return {"kind": error.get("kind", ""), "message": error.get("message", "")}
