"""The JSON Schema (2020-12) of the chart spec, made from the words the parser knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, Field, fields
from typing import Any

from .effect import VOCABULARY, Effect, default_of, is_hidden, shape_of, word_of
from .matching import RESERVED
from .mixing.schema import MIXING
from .names import DURATION_PATTERN, EVENT_PATTERN, ID_PATTERN, LISTENED_PATTERN, LONGEST
from .normal import SPEC
from .reader_payloads import TYPES

SCHEMA_ID = "urn:traaviis:schema:chart:1"
Schema = dict[str, Any]

_TEMPLATE: Schema = {"type": "string", "pattern": r"\{\{"}
_NOT_RESERVED: Schema = {"not": {"pattern": f"^({'|'.join(RESERVED)})".replace(".", r"\.")}}
_NEVER = False


def spec_schema(kinds: Iterable[str] | None = None) -> Schema:
    """The schema of a chart document, with the effects of these kinds (None: all known)."""
    listed = (VOCABULARY[kind] for kind in (VOCABULARY if kinds is None else kinds))
    words = [word for word in listed if not word.internal]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        **_chart(),
        "$defs": {
            **_small(),
            **_values(),
            **_tables(),
            "transition": _arrow(
                "transition",
                on=_said("listened", "The events that trigger it; absent: it fires by itself."),
            ),
            "after": {
                **_arrow("timed transition", delay=_said("duration", "How long to wait.")),
                "required": ["delay"],
            },
            "outcome": _arrow("transition without `on`"),
            "check": _check(),
            **MIXING,
            "payload": _payload(),
            "property": _property(),
            "state": _state(),
            "effects": _one_or_many("effect", "effects"),
            "effect": {
                "title": "effect",
                "anyOf": [{"$ref": f"#/$defs/effect.{word.kind}"} for word in words],
            },
            "step": _step(),
            **{f"effect.{word.kind}": _effect(word) for word in words},
        },
    }


def _said(name: str, meaning: str, **more: Any) -> Schema:
    return {"$ref": f"#/$defs/{name}", "description": meaning, **more}


def _one_or_many(name: str, title: str) -> Schema:
    ref = {"$ref": f"#/$defs/{name}"}
    return {"title": f"{title}: a list, or one", "anyOf": [ref, {"type": "array", "items": ref}]}


def _object(title: str, properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    made = {"title": title, "type": "object", "properties": properties}
    return {
        **made,
        **({"required": list(required)} if required else {}),
        "additionalProperties": False,
    }


def _named(title: str, pattern: str, **more: Any) -> Schema:
    item = {"type": "string", "pattern": pattern}
    return {
        "title": title,
        "anyOf": [item, {"type": "array", "items": item, "minItems": 1}],
        **more,
    }


def _small() -> Schema:
    """The small things: texts, names, flags."""
    line = r"^[^\x00-\x1f\x7f]{1,200}$(?!\n)"
    return {
        "text": {"title": "text", "type": "string", "pattern": r"\S"},
        "line": {
            "title": "line of text",
            "type": "string",
            "allOf": [{"pattern": line}, {"pattern": r"\S"}],
        },
        "flag": {"title": "true or false", "type": "boolean"},
        "object": {"title": "mapping of any JSON", "type": "object"},
        "stateId": {"title": "state id", "type": "string", "pattern": ID_PATTERN},
        "stateIds": _named("state id, or a list of them", ID_PATTERN),
        "order": {
            "title": "list of state ids",
            "type": "array",
            "items": {"type": "string"},
            "uniqueItems": True,
        },
        "listened": _named("event, or a list of them; `a.*` and `*` too", LISTENED_PATTERN),
    }


def _values() -> Schema:
    """Durations, expressions and what is made of them."""
    return {
        "duration": {
            "title": "duration: seconds, or `250ms`, `2s`, `5m`, `1h`",
            "anyOf": [
                {"type": "number", "minimum": 0, "maximum": LONGEST},
                {"type": "string", "pattern": DURATION_PATTERN},
            ],
        },
        "expression": {"title": "expression", "type": ["string", "number", "boolean", "null"]},
        "guard": {"title": "expression that is true or false", "type": ["string", "boolean"]},
        "assign": {
            "title": "mapping of fields to expressions",
            "type": "object",
            "propertyNames": {"minLength": 1},
            "additionalProperties": {"$ref": "#/$defs/expression"},
        },
    }


def _tables() -> Schema:
    """Mappings by name, and lists that may be one."""
    return {
        "states": {
            "title": "mapping of ids to states",
            "type": "object",
            "propertyNames": {"$ref": "#/$defs/stateId"},
            "additionalProperties": {"anyOf": [{"$ref": "#/$defs/state"}, {"type": "null"}]},
        },
        "transitions": _one_or_many("transition", "transitions"),
        "afters": _one_or_many("after", "timed transitions"),
        "outcomes": _one_or_many("outcome", "transitions without `on`"),
        "checks": _one_or_many("check", "checks"),
        "events": {
            "title": "mapping of events to schemas",
            "type": "object",
            "propertyNames": {"pattern": EVENT_PATTERN, **_NOT_RESERVED},
            "additionalProperties": {"$ref": "#/$defs/payload"},
        },
        "meta": {
            "title": "mapping",
            "type": "object",
            "properties": {
                "title": {"$ref": "#/$defs/text"},
                "notes": {"$ref": "#/$defs/text"},
            },
        },
    }


_PARALLEL: Schema = {"properties": {"parallel": {"const": True}}, "required": ["parallel"]}


def _chart() -> Schema:
    keys = {
        "spec": {"const": SPEC, "description": "The format and its number."},
        "name": _said("line", "What the chart is called."),
        "version": _said("line", "The chart's own version.", default="1.0.0"),
        "title": _said("text", "One line for people."),
        "notes": _said("text", "More for people."),
        "data": _said("object", "What the data of a run is at its start.", default={}),
        "events": _said("events", "What the data of an event looks like; wrong data is refused."),
        "parallel": _said("flag", "The top-level states are regions, all active at once."),
        "order": _said("order", "The regions' order, where it is not that of their ids."),
        "initial": _said("stateIds", "Where a run starts; absent: in the first state."),
        "states": _said("states", "The top-level states.", minProperties=1),
        "hooks": _said("hooks", "Effects for many states or events; worked into these on reading."),
        "components": _said("components", "What to mix in; worked into the chart on reading."),
        "layout": _said("object", "Positions for the designer; not part of the chart's hash."),
    }
    return {
        **_object("chart", keys, ("spec", "name", "states")),
        "allOf": [
            {"if": {"required": ["order"]}, "then": _PARALLEL},
            {"if": _PARALLEL, "then": {"properties": {"initial": _NEVER}}},
        ],
    }


def _state() -> Schema:
    return {
        **_object("state", _state_keys()),
        "dependentRequired": {"default": ["history"]},
        "allOf": _state_rules(),
    }


def _state_keys() -> Schema:
    return {
        "meta": _said("meta", "`title`, `notes` and what else is good for people."),
        "final": _said("flag", "An end: what is around it is done when this is entered."),
        "history": {
            "enum": ["shallow", "deep"],
            "description": "Stands for what was active in the state around it when that was left: "
            "the child (shallow) or all the way down (deep).",
        },
        "default": _said(
            "stateIds", "Where a history state leads before there is any; absent: `initial`."
        ),
        "parallel": _said("flag", "All `states` in it are regions, active at once."),
        "order": _said("order", "The regions' order, where it is not that of their ids."),
        "initial": _said(
            "stateIds",
            "What is entered with it: a state inside, at any depth, or one in each of several "
            "regions; absent: the first of `states`.",
        ),
        "on_enter": _said(
            "effects", "Asked for when it is entered, before `enter`; no outcome waits for them."
        ),
        "enter": _said("effects", "Asked for when it is entered, cancelled when it is left."),
        "exit": _said("effects", "Asked for when it is left."),
        "transitions": _said("transitions", "The arrows that leave it; the first that can, does."),
        "after": _said("afters", "Arrows that are taken when it has been active for so long."),
        "on_success": _said("outcomes", "The arrow for when all `enter` effects have succeeded."),
        "on_error": _said("outcomes", "The arrow for when one of them has failed for good."),
        "validate": _said("checks", "What an event must fulfil while this is active."),
        "states": _said("states", "The states inside."),
    }


def _state_rules() -> list[Schema]:
    """What the kinds of states may not hold; what is empty says nothing and is let through."""
    nothing: Schema = {
        "parallel": {"const": False},
        "states": {"maxProperties": 0},
        "initial": _NEVER,
        "order": _NEVER,
        **{
            key: {"type": "array", "maxItems": 0}
            for key in ("transitions", "after", "on_success", "on_error", "validate")
        },
    }
    is_history = {"required": ["history"]}
    is_final = {"properties": {"final": {"const": True}}, "required": ["final"]}
    no_effects = {key: {"type": "array", "maxItems": 0} for key in ("on_enter", "enter", "exit")}
    inside: Schema = {"required": ["states"], "properties": {"states": {"minProperties": 1}}}
    return [
        {
            "if": is_history,
            "then": {"properties": {**nothing, **no_effects, "final": {"const": False}}},
        },
        {"if": is_final, "then": {"properties": nothing}},
        {"if": {"required": ["order"]}, "then": _PARALLEL},
        {"if": {"required": ["initial"]}, "then": inside},
        {
            "if": _PARALLEL,
            "then": {**inside, "properties": {**inside["properties"], "initial": _NEVER}},
        },
    ]


def _arrow(title: str, **first: Any) -> Schema:
    return _object(
        title,
        {
            **first,
            "to": _said("stateIds", "Where it leads; absent: nothing is left."),
            "when": _said("guard", "It is taken only when this is true."),
            "assign": _said("assign", "New values for fields of the data, from the old data."),
            "do": _said("effects", "Asked for when it is taken."),
            "internal": _said("flag", "The state it starts from is not left on the way inwards."),
        },
    )


def _check() -> Schema:
    keys = {
        "on": _said("listened", "The events it is for; absent: all."),
        "when": _said("guard", "What must be true, else the event is refused."),
        "reason": _said("text", "What the person is told then."),
    }
    return _object("check", keys, ("when", "reason"))


def _payload() -> Schema:
    return _object(
        "schema of an event's data",
        {
            "type": {"const": "object", "description": "The data of an event is an object."},
            "title": _said("text", "What the event means."),
            "description": _said("text", "More about it."),
            "properties": {
                "type": "object",
                "additionalProperties": {"$ref": "#/$defs/property"},
                "description": "The fields of the data.",
            },
            "required": {
                "type": "array",
                "items": {"type": "string"},
                "description": "The fields that may not be missing.",
            },
        },
    )


def _property() -> Schema:
    return _object(
        "schema of a field",
        {
            "type": {"enum": list(TYPES), "description": "The JSON type."},
            "title": _said("text", "What the form calls it."),
            "description": _said("text", "More about it."),
            "enum": {"type": "array", "minItems": 1, "description": "The values it may have."},
            "minimum": {"type": "number", "description": "The least number."},
            "maximum": {"type": "number", "description": "The greatest number."},
            "default": {"description": "What the form offers."},
        },
    )


def _effect(word: type[Effect]) -> Schema:
    keys: Schema = {"kind": {"const": word.kind, "description": "The effect's word."}}
    every: tuple[Field[Any], ...] = fields(word)  # type: ignore[arg-type]
    listed = [field for field in every if not is_hidden(field)]
    for field in listed:
        usual = default_of(field)
        keys[word_of(field)] = {
            **_shape(field),
            "description": field.metadata.get("meaning", ""),
            **({} if usual is MISSING else {"default": _plain(usual)}),
        }
    needed = tuple(word_of(field) for field in listed if default_of(field) is MISSING)
    meaning = (word.__doc__ or "").partition("\n")[0]
    return {**_object(f"{word.kind} effect", keys, ("kind", *needed)), "description": meaning}


def _plain(value: Any) -> Any:
    """A default as JSON."""
    return list(value) if isinstance(value, tuple) else value


def _step() -> Schema:
    """A step of a saga: an effect, or one with what undoes it."""
    keys = {
        "effect": _said("effect", "What to do."),
        "undo": _said("effect", "What makes it undone."),
        "undo_after": {"enum": ["completed", "started"], "description": "When it can be undone."},
        "into": _said("text", "The field of the run's data its result goes to."),
    }
    pair = _object("step: an effect, and what undoes it", keys, ("effect",))
    return {"title": "step", "anyOf": [{"$ref": "#/$defs/effect"}, pair]}


def _shape(field: Field[Any]) -> Schema:
    """What may stand in a field of an effect; texts may always hold templates."""
    shape = shape_of(field)
    if shape == "choice":
        choices = list(field.metadata["choices"])
        title = ", ".join(f"`{choice}`" for choice in choices)
        return {"title": title, "anyOf": [{"enum": choices}, _TEMPLATE]}
    return _SHAPES[shape]


def _either(title: str, *ones: Schema) -> Schema:
    return {"title": title, "anyOf": list(ones)}


def _any_number(item: Schema) -> tuple[Schema, Schema]:
    return item, {"type": "array", "items": item}


_SHAPES: dict[str, Schema] = {
    "text": {"title": "text", "type": "string"},
    "name": {"title": "name", "type": "string", "pattern": r"\S"},
    "expression": {"$ref": "#/$defs/expression"},
    "value": {"title": "any JSON"},
    "effect": {"$ref": "#/$defs/effect"},
    "effects": {"$ref": "#/$defs/effects"},
    "steps": _either("steps", *_any_number({"$ref": "#/$defs/step"})),
    "names": _either("names", *_any_number({"type": ["string", "integer"]})),
    "event": _either(
        "event", {"type": "string", "pattern": EVENT_PATTERN, **_NOT_RESERVED}, _TEMPLATE
    ),
    "duration": _either("duration", {"$ref": "#/$defs/duration"}, _TEMPLATE),
    "object": _either("mapping", {"type": "object"}, _TEMPLATE),
    "number": _either("number", {"type": "number"}, _TEMPLATE),
    "flag": _either("true or false", {"type": "boolean"}, _TEMPLATE),
}
