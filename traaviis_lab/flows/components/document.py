"""Read a component from a document: `$name` in its texts stands for a parameter's value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.flows.documents import line_and_place, parse_text, with_lines
from traaviis_lab.machine.mixing.component import RESERVED, Component, Fragment
from traaviis_lab.machine.mixing.fragments import KEYS
from traaviis_lab.machine.mixing.parameters import NEEDED, TYPES, Parameter, check_parameter
from traaviis_lab.machine.names import did_you_mean
from traaviis_lab.machine.plain import plain_copy
from traaviis_lab.machine.problems import Path, Problems, definition_error, show
from traaviis_lab.machine.reading import SKIP, Desk, Reader, anything, read_object, short_text, text

from .filling import check_names, fill_in

FORMAT = "traaviis/1"


def read_component(document: str | Mapping[str, Any], *, where: str = "") -> Component:
    """The component in a YAML or JSON text, or in a mapping of plain values; not registered yet.

    `where` (a file's name) goes in front of what errors say. Raises DefinitionError with every
    mistake, its line, its place, the value and the cure.
    """
    value, found, source = parse_text(document, where)
    problems = Problems()
    component = None
    try:
        component = _read(Desk(problems), plain_copy(value, problems))
    except DefinitionError as error:
        if not problems:
            problems.add((), error.message, error.hint)
    listed = [*found, *with_lines(problems, source)]
    if component is None or listed:
        what = where or "The component"
        raise definition_error(what, listed, problems.more, line_and_place)
    return component


def _read(desk: Desk, value: Any) -> Component | None:
    keys: dict[str, Reader] = {
        "component": _format,
        "name": short_text,
        "meaning": text,
        "parameters": _parameters,
        **dict.fromkeys(KEYS, anything),
    }
    read = read_object(desk, value, (), keys, required=("component", "name"), what="a component")
    parameters: dict[str, Parameter] = read.get("parameters", {})
    body = {key: read[key] for key in KEYS if key in read}
    for key, part in body.items():
        check_names(desk, part, (key,), parameters, in_hooks=key == "hooks")
    if desk.problems:
        return None
    expand = _Filled(body)
    return Component(read["name"], read.get("meaning", ""), expand, tuple(parameters.values()))


class _Filled:
    """The `expand` of a component that is written as a document."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    def __call__(self, values: Mapping[str, Any], prefix: str) -> Fragment:
        """The document with the values where their names stand."""
        filled: Fragment = fill_in(self.body, {**values, "prefix": prefix})
        return filled

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Filled) and self.body == other.body

    def __hash__(self) -> int:
        return hash(repr(self.body))


def _format(desk: Desk, value: Any, path: Path) -> Any:
    if value == FORMAT:
        return FORMAT
    return desk.wrong(path, f"{show(value)} is a format nobody here reads.", f"Write {FORMAT}.")


_PARAMETER: dict[str, Reader] = {
    "type": short_text,
    "meaning": text,
    "default": anything,
    "choices": anything,
    "least": anything,
    "most": anything,
}


def _parameters(desk: Desk, value: Any, path: Path) -> Any:
    if not isinstance(value, dict):
        return desk.wrong(path, f"{show(value)} is no mapping.", "Write `name: {type: ...}`.")
    found: dict[str, Parameter] = {}
    for name, said in value.items():
        made = _parameter(desk, name, said, (*path, name))
        if made is not SKIP:
            found[name] = made
    return found


def _parameter(desk: Desk, name: str, said: Any, path: Path) -> Any:
    read = read_object(desk, said, path, _PARAMETER, required=("type",), what="a parameter")
    if name in RESERVED:
        return desk.wrong(path, f"{show(name)} is a word of its own.", "Rename it.")
    if "type" not in read:
        return SKIP
    if read["type"] not in TYPES:
        cure = did_you_mean(read["type"], TYPES, "Types")
        return desk.wrong((*path, "type"), f"there is no type {show(read['type'])}.", cure)
    choices = read.get("choices", [])
    if not isinstance(choices, list):
        return desk.wrong((*path, "choices"), f"{show(choices)} is no list.", "Write [a, b].")
    for key in ("least", "most"):
        if key in read and (isinstance(read[key], bool) or not isinstance(read[key], int | float)):
            return desk.wrong((*path, key), f"{show(read[key])} is no number.", "Write a number.")
    made = Parameter(
        name,
        read["type"],
        read.get("meaning", ""),
        read.get("default", NEEDED),
        tuple(choices),
        read.get("least"),
        read.get("most"),
    )
    try:
        check_parameter("", made)
    except DefinitionError as error:
        return desk.wrong(path, error.message.partition(": ")[2], error.hint)
    return made
