"""Fill the parameters of a component into its document: `$name`, `${name}`, and `$$` for a `$`.

A text that is nothing but `$name` becomes the value itself; within a text the value is written
out. `{{ ... }}` is for templates and expressions, which see the run; `$` never does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.mixing.parameters import Parameter
from traaviis_lab.machine.names import did_you_mean
from traaviis_lab.machine.problems import Path, show
from traaviis_lab.machine.reading import Desk

_HOLE = re.compile(r"\$(?:(\$)|\{(\w+)\}|([A-Za-z_]\w*))")
_LATER = ("state", "event")
_LISTS = ("names", "events", "states")


def fill_in(value: Any, values: Mapping[str, Any]) -> Any:
    """A value of the document with the parameters' values in it; `$state`, `$event` stay."""
    if isinstance(value, dict):
        return {
            made: fill_in(item, values)
            for key, item in value.items()
            for made in _keys(key, values)
        }
    if isinstance(value, list):
        return [fill_in(item, values) for item in value]
    return _text(value, values) if isinstance(value, str) else value


def _keys(key: str, values: Mapping[str, Any]) -> Iterator[str]:
    """A key that is nothing but a list's name stands for as many keys."""
    made = _text(key, values)
    yield from (made if isinstance(made, list) else [made if isinstance(made, str) else key])


def _text(text: str, values: Mapping[str, Any]) -> Any:
    whole = _HOLE.fullmatch(text)
    if whole is not None and not whole[1]:
        name = whole[2] or whole[3]
        return text if name in _LATER else values[name]

    def write(found: re.Match[str]) -> str:
        name = found[2] or found[3]
        if found[1] or name in _LATER:
            return "$" if found[1] else found[0]
        value = values[name]
        if isinstance(value, list):
            raise DefinitionError(
                f"a list stands for ${name} within the text {show(text)}.",
                hint=f"Let `${name}` be the whole text.",
            )
        return value if isinstance(value, str) else json.dumps(value)

    return _HOLE.sub(write, text)


def check_names(
    desk: Desk, value: Any, path: Path, known: Mapping[str, Parameter], *, in_hooks: bool
) -> None:
    """Put names on the pile that no parameter has, and lists within texts."""
    if isinstance(value, dict):
        for key, item in value.items():
            _check(desk, key, (*path, key), known, in_hooks)
            check_names(desk, item, (*path, key), known, in_hooks=in_hooks)
    elif isinstance(value, list):
        for n, item in enumerate(value):
            check_names(desk, item, (*path, n), known, in_hooks=in_hooks)
    elif isinstance(value, str):
        _check(desk, value, path, known, in_hooks)


def _check(
    desk: Desk, text: str, path: Path, known: Mapping[str, Parameter], in_hooks: bool
) -> None:
    names = ["prefix", *known, *(_LATER if in_hooks else ())]
    for found in _HOLE.finditer(text):
        name = found[2] or found[3]
        if found[1]:
            continue
        if name not in names:
            longer = [n for n in names if name.startswith(f"{n}_")]
            cure = did_you_mean(name, names, "Parameters")
            if longer:
                cure = f"Write ${{{longer[0]}}}{name[len(longer[0]) :]}."
            desk.wrong(path, f"there is no parameter {show(name)}; a `$` alone is `$$`.", cure)
        elif name in known and known[name].type in _LISTS and found[0] != text:
            cure = f"Let `${name}` be the whole text, or give it another type."
            desk.wrong(path, f"${name} is a list, and stands within a text.", cure)
