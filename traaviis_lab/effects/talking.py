"""Check what effects say to models: messages, schemas of answers, lists of texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.names import has_template
from traaviis_lab.machine.problems import show

from .leaf_checks import check_list, wrong

ROLES = ("system", "user", "assistant", "tool")
DEEPEST = 32
MOST_PARTS = 5_000


def check_texts(effect: Any, name: str, most: int = 100) -> None:
    """Raise `DefinitionError` unless the field holds texts; one alone stands for a list of it."""
    value = getattr(effect, name)
    listed = (value,) if isinstance(value, str) else value
    if isinstance(listed, list | tuple) and len(listed) == 1 and isinstance(listed[0], list):
        listed = listed[0]  # what `{{ data.labels }}` stood for
    if not isinstance(listed, list | tuple) or len(listed) > most:
        raise wrong(effect, name, f"a list of texts, at most {most}")
    for one in listed:
        if not isinstance(one, str) or not one:
            raise wrong(effect, name, f"a list of texts; one of them is {show(one)}")
    object.__setattr__(effect, name, tuple(listed))


def check_messages(effect: Any) -> None:
    """Raise `DefinitionError` unless `messages`, where it is there, is a talk."""
    if effect.messages is None:
        return
    check_list(effect, "messages", (dict,), least=1)
    for one in () if has_template(effect.messages) else effect.messages:
        role, content = one.get("role"), one.get("content", "")
        if not has_template(role) and role not in ROLES:
            raise wrong(effect, "messages", f"messages whose role is one of {', '.join(ROLES)}")
        if content is not None and not isinstance(content, str | list):
            raise wrong(effect, "messages", f"messages; the content of one is {show(content)}")
        _check_calls(effect, one.get("tool_calls"))


def _check_calls(effect: Any, calls: Any) -> None:
    if calls is None or has_template(calls):
        return
    if not isinstance(calls, list | tuple) or not all(isinstance(one, Mapping) for one in calls):
        raise wrong(
            effect, "messages", f"messages; the tool_calls of one are {show(calls)}",
            "tool_calls: [{id, name, args}]",
        )  # fmt: skip


def check_schema(effect: Any) -> None:
    """Raise `DefinitionError` unless `schema` is a JSON Schema of a size one can work with.

    A class that says its schema itself (`model_json_schema`, as pydantic's models) stands for it.
    Nothing is fetched for a schema, so that it may refer to parts of itself only.
    """
    schema = effect.schema
    if isinstance(schema, type) and callable(said := getattr(schema, "model_json_schema", None)):
        schema = said()
        object.__setattr__(effect, "schema", schema)
    if has_template(schema):
        return
    if not isinstance(schema, Mapping):
        raise wrong(effect, "schema", "a mapping", "A JSON Schema, or a model of pydantic's.")
    if schema:
        _check_parts(effect, schema)


def _check_parts(effect: Any, schema: Any) -> None:
    parts, seen = [(schema, 1)], 0
    while parts:
        part, depth = parts.pop()
        seen += 1
        if depth > DEEPEST or seen > MOST_PARTS:
            raise DefinitionError(
                f"{effect.kind}: schema has more than {DEEPEST} levels or {MOST_PARTS:,} parts.",
                hint="Models answer with small objects; ask for less at a time.",
            )
        if isinstance(part, Mapping):
            ref = part.get("$ref", part.get("$dynamicRef", "#"))
            if isinstance(ref, str) and not ref.startswith("#"):
                raise DefinitionError(
                    f"{effect.kind}: schema refers to {show(ref)}, and nothing is fetched for it.",
                    hint="Write that part under `$defs`, and refer to it as `#/$defs/name`.",
                )
            parts += [(one, depth + 1) for one in part.values()]
        elif isinstance(part, list | tuple):
            parts += [(one, depth + 1) for one in part]
