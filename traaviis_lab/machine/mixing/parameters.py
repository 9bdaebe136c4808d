"""What the parameters of a component may be: their types, defaults and limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.names import (
    did_you_mean,
    is_event,
    is_listened,
    is_state_id,
    parse_duration,
    write_duration,
)
from traaviis_lab.machine.problems import show

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}(?!\n)$")


class _Needed:
    """The default of a parameter that has none."""

    def __repr__(self) -> str:
        return "NEEDED"


NEEDED: Any = _Needed()


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something of a component that a machine may set.

    `type` is a key of `TYPES`. Without a `default` a value is needed; with the default None it
    may be left unsaid. `choices` are all the values there are; `least` and `most` bound numbers,
    and durations in seconds.
    """

    name: str
    type: str
    meaning: str
    default: Any = NEEDED
    choices: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None


def _text(value: Any) -> Any:
    return value if isinstance(value, str) and value.strip() else None


def _name(value: Any) -> Any:
    return value if isinstance(value, str) and _WORD.match(value) else None


def _integer(value: Any) -> Any:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> Any:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _flag(value: Any) -> Any:
    return value if isinstance(value, bool) else None


def _duration(value: Any) -> Any:
    seconds = parse_duration(value)
    return None if seconds is None else write_duration(seconds)


def _event(value: Any) -> Any:
    return value if isinstance(value, str) and is_event(value) else None


def _listed(test: Callable[[str], Any]) -> Callable[[Any], Any]:
    """A reader of a list of such texts, or of one; the value is the list, each text once."""

    def read(value: Any) -> Any:
        items = value if isinstance(value, list | tuple) else [value]
        if all(isinstance(item, str) and test(item) for item in items):
            return list(dict.fromkeys(items))
        return None

    return read


TYPES: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "text": (_text, "a text"),
    "name": (_name, "a word of letters, digits and `_`"),
    "names": (_listed(_WORD.match), "words of letters, digits and `_`: a list, or one"),
    "integer": (_integer, "a whole number"),
    "number": (_number, "a number"),
    "flag": (_flag, "true or false"),
    "duration": (_duration, "seconds, or a text such as 250ms, 2s, 5m, 1h"),
    "event": (_event, "the name of an event"),
    "events": (_listed(is_listened), "events (`a.*` and `*` too): a list, or one"),
    "states": (_listed(lambda id_: id_ == "*" or is_state_id(id_)), "state ids: a list, or one"),
}
"""The types a parameter may have: how a value is read (None: it is none), and what to write."""


def check_parameter(component: str, parameter: Parameter) -> None:
    """Raises DefinitionError for a parameter that no value would fit, or not its default."""
    what = f"Component {component!r}: the parameter {show(parameter.name)}"
    if not _name(parameter.name):
        raise DefinitionError(f"{what} has no name.", hint=f"Write {TYPES['name'][1]}.")
    if parameter.type not in TYPES:
        cure = did_you_mean(str(parameter.type), TYPES, "Types")
        raise DefinitionError(f"{what} has no type {show(parameter.type)}.", hint=cure)
    if parameter.default is not NEEDED:
        _, fault = read_parameter(parameter, parameter.default)
        if fault:
            raise DefinitionError(f"{what}: its default {fault[0]}", hint=fault[1])


def read_parameter(parameter: Parameter, value: Any) -> tuple[Any, tuple[str, str] | None]:
    """The value as `expand` gets it, or what is wrong with it and the cure."""
    if value is None and parameter.default is None:
        return None, None
    read, words = TYPES[parameter.type]
    known = read(value)
    if known is None:
        return None, (f"{show(value)} is no {parameter.type}.", f"Write {words}.")
    if parameter.choices:
        strange = [x for x in (known if isinstance(known, list) else [known])
                   if x not in parameter.choices]  # fmt: skip
        if strange:
            cure = did_you_mean(str(strange[0]), [str(c) for c in parameter.choices], "Choices")
            return None, (f"{show(strange[0])} is none of its choices.", cure)
    size = parse_duration(known) if parameter.type == "duration" else known
    if isinstance(size, int | float) and not isinstance(size, bool):
        if parameter.least is not None and size < parameter.least:
            return None, (f"{show(value)} is too little.", f"At least {parameter.least:g}.")
        if parameter.most is not None and size > parameter.most:
            return None, (f"{show(value)} is too much.", f"At most {parameter.most:g}.")
    return known, None
