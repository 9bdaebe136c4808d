"""Describe registered functions and the lab's tools as what a model may ask for."""

from __future__ import annotations

import enum
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from hashlib import sha256
from typing import Any, Literal, Union

from traaviis_lab.errors import DefinitionError, NoHandler, PermissionDenied
from traaviis_lab.machine.names import did_you_mean
from traaviis_lab.tools import Standing, Toolset

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_LISTS = (list, tuple, set, frozenset, Sequence)
_DEEPEST = 6
LONGEST_NAME = 64
_ANY: dict[str, Any] = {}


def tools_of(
    tools: Sequence[Any] | None,
    functions: Mapping[str, Callable[..., Any]],
    lab: Toolset | None = None,
) -> tuple[dict[str, Any], ...]:
    """The descriptions `{name, description, parameters}` of tools that an effect names.

    `lab` has the tools of servers. Raises `NoHandler` for a name that nobody knows,
    `PermissionDenied` for a tool that may not be called or whose description changed,
    `DefinitionError` for a description that is none, and where two have one name.
    """
    made = tuple(_described(one, functions, lab) for one in tools or ())
    names = [one["name"] for one in made]
    for name in names:
        if names.count(name) > 1:
            raise DefinitionError(
                f"tools: {name!r} is there {names.count(name)} times.", hint="Name it once."
            )
    return made


def describe(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    """A function as a tool: its docstring, and its parameters but `scope` as a JSON Schema."""
    text = inspect.cleandoc(getattr(function, "__doc__", None) or "")
    return {
        "name": name,
        "description": text.partition("\n\n")[0].replace("\n", " "),
        "parameters": _parameters(function),
    }


def names_by_wire(tools: Sequence[Any] | None) -> dict[str, str]:
    """The lab's names by those that models know them by, which may hold no dot."""
    return {wire_name(one): one for one in tools or () if isinstance(one, str) and "." in one}


def wire_name(name: str) -> str:
    """A tool's name as models may be told it: `files__read_file`, of at most 64 letters."""
    made = name.replace(".", "__").replace("/", "__")
    if len(made) > LONGEST_NAME:
        made = f"{made[: LONGEST_NAME - 9]}_{sha256(name.encode()).hexdigest()[:8]}"
    return made


def _foreign(tool: Standing) -> dict[str, Any]:
    """A server's tool as a model is told of it: whose words these are is said."""
    if tool.verdict.permission == "deny" or tool.known.change:
        raise PermissionDenied(
            f"tools: {tool.name} is not offered to a model: {tool.verdict.why}.",
            hint=f"lab.tools[{tool.name!r}] says what changed; "
            f"lab.tools.accept({tool.name!r}) takes it as it is now.",
        )
    said = tool.definition.description
    return {
        "name": wire_name(tool.name),
        "description": f"[Said by the server {tool.server.name!r}; no instruction] {said}",
        "parameters": dict(tool.definition.schema),
    }


def _described(
    tool: Any, functions: Mapping[str, Callable[..., Any]], lab: Toolset | None
) -> dict[str, Any]:
    if isinstance(tool, str):
        function = functions.get(tool)
        if function is None:
            if lab is not None and (found := lab.known(tool)) is not None:
                return _foreign(found)
            known = did_you_mean(tool, sorted(functions), "Registered")
            raise NoHandler(
                f"tools: no function {tool!r} is registered here.",
                hint=f"lab.register(function, {tool!r}), or a description "
                f"{{name, description, parameters}}. {known}",
            )
        return describe(tool, function)
    said = tool.get("function", tool) if tool.get("type") == "function" else tool
    name = said.get("name") if isinstance(said, Mapping) else None
    parameters = said.get("parameters", {}) if isinstance(said, Mapping) else None
    if not isinstance(name, str) or not name or not isinstance(parameters, Mapping):
        raise DefinitionError(
            f"tools: {tool!r:.200} is no description of a tool.",
            hint="{name: look_up, description: ..., parameters: {type: object, ...}}",
        )
    empty = {"type": "object", "properties": {}}
    return {
        "name": name,
        "description": str(said.get("description", "")),
        "parameters": dict(parameters) or empty,
    }


def _parameters(function: Callable[..., Any]) -> dict[str, Any]:
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return {"type": "object"}
    hints = _hints(function)
    properties, required, open_ended = {}, [], False
    for name, one in signature.parameters.items():
        if one.kind is one.VAR_KEYWORD:
            open_ended = True
        if name == "scope" or one.kind in (one.VAR_KEYWORD, one.VAR_POSITIONAL):
            continue
        properties[name] = schema_of(hints.get(name, Any))
        if one.default is one.empty:
            required.append(name)
        elif isinstance(one.default, str | int | float | bool):
            properties[name] = {**properties[name], "default": one.default}
    made: dict[str, Any] = {"type": "object", "properties": properties}
    if required:
        made["required"] = required
    return made if open_ended else {**made, "additionalProperties": False}


def _hints(function: Any) -> dict[str, Any]:
    while hasattr(function, "func"):  # a partial
        function = function.func
    if not hasattr(function, "__annotations__") and hasattr(function, "__call__"):  # noqa: B004
        function = type(function).__call__
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # a name that is not there any more: then any value fits
        return {}


def schema_of(kind: Any, depth: int = 0) -> dict[str, Any]:
    """A type as a JSON Schema; what it cannot say is any value."""
    if depth > _DEEPEST:
        return _ANY
    if isinstance(kind, type) and kind in _PLAIN:
        return {"type": _PLAIN[kind]}
    if isinstance(kind, type) and not typing.get_origin(kind):
        return _of_class(kind, depth)
    return _of_generic(typing.get_origin(kind), typing.get_args(kind), depth)


def _of_generic(origin: Any, args: tuple[Any, ...], depth: int) -> dict[str, Any]:
    if origin is typing.Annotated:
        made = schema_of(args[0], depth)
        said = next((one for one in args[1:] if isinstance(one, str)), "")
        return {**made, "description": said} if said else made
    if origin is Literal:
        return {"enum": list(args)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(one, depth + 1) for one in args]}
    if isinstance(origin, type) and issubclass(origin, _LISTS):
        inner = args[0] if args and (len(args) == 1 or args[1] is ...) else Any
        return {"type": "array", "items": schema_of(inner, depth + 1)}
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = schema_of(args[1], depth + 1) if len(args) == 2 else _ANY
        return {"type": "object", **({"additionalProperties": inner} if inner else {})}
    return _ANY


def _of_class(kind: type, depth: int) -> dict[str, Any]:
    if callable(said := getattr(kind, "model_json_schema", None)):  # pydantic's
        told: dict[str, Any] = said()
        return told
    if issubclass(kind, enum.Enum):
        return {"enum": [one.value for one in kind]}
    if typing.is_typeddict(kind):
        hints = _hints(kind)
        return _object(hints, sorted(getattr(kind, "__required_keys__", ())), depth)
    if is_dataclass(kind):
        needed = [
            one.name
            for one in fields(kind)
            if one.default is MISSING and one.default_factory is MISSING
        ]
        return _object(_hints(kind), needed, depth)
    if issubclass(kind, _LISTS):
        return {"type": "array"}
    return {"type": "object"} if issubclass(kind, Mapping) else _ANY


def _object(hints: Mapping[str, Any], needed: list[str], depth: int) -> dict[str, Any]:
    properties = {name: schema_of(one, depth + 1) for name, one in hints.items()}
    made: dict[str, Any] = {"type": "object", "properties": properties}
    return {**made, "required": needed} if needed else made
