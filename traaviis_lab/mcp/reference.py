"""The reference page of what agents find (`docs/mcp_tools.md`), made from the catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .apps import APP
from .catalogue import SETS, Tool, catalogue
from .prompts import PROMPTS, Prompt
from .resources.listing import INDEXES
from .resources.reading import TEMPLATES

_INTRO = """\
# MCP tools, resources and prompts

<!-- Made from the catalogue by traaviis_lab.mcp.reference; a test tells when it is stale. -->

What a lab that is served offers to agents; [MCP](mcp.md) says how to serve it. A tool is listed for
a client when its set is on, its token grants the scope, and the lab can do it. Ids of runs are
called `fsm_id` everywhere, times are ISO 8601 in UTC, money is in US dollars (`usd`; null is
unknown, not nothing). A failure is an answer too: `{"error": {"kind", "message", "hint"}}`.
"""
_ABOUT = {
    "core": "See which machines and runs there are, make runs and drive them.",
    "workflow": "Have work done: workflows, effects, models, agents. Long work answers with a run "
    "at once.",
    "watch": "Wait for what happens, and count over many runs.",
    "debug": "Look back, hold a run, step through it, fork it, and ask why.",
}
_KINDS = {"array": "list", "integer": "whole number", "string": "text", "boolean": "true or false"}
EVIDENT = {
    "fsm_id": "The run.",
    "limit": "How many at most.",
    "event": "Its name.",
    "events": "In order, each `{event, data}`.",
    "seconds": "How long to wait at most.",
    "timeout": "How long to wait at most, in seconds.",
    "prompt": "What is asked.",
    "texts": "What is embedded.",
    "agent": "Which one.",
    "agents": "Which ones.",
    "after_seq": "What comes after this fact.",
    "seq": "The fact.",
    "by": "What a row is.",
    "order": "Which come first.",
    "on_refusal": "Whether the rest is sent when one is refused.",
    "model": "Which one.",
    "system": "What the model is told before.",
    "max_tokens": "How many it may write; 0: as it likes.",
    "temperature": "How much chance there is in it.",
    "task": "What is to be done.",
    "mode": "How they work together.",
    "rounds": "How often at most.",
    "max_steps": "How many steps at most.",
}
"""Arguments that need no words on the wire, where each word is read with every list of tools."""


def tools_page() -> str:
    """The whole page as MyST Markdown."""
    tools = list(catalogue().values())
    parts = [_INTRO]
    for name in SETS:
        mine = [tool for tool in tools if tool.set == name]
        parts += [f"## Set `{name}`\n", f"{_ABOUT[name]}\n", _index(mine)]
        parts += [part for tool in mine for part in _tool(tool)]
    parts += ["## Resources\n", *_resources()]
    parts += ["## Prompts\n", *(part for one in PROMPTS.values() for part in _prompt(one))]
    return "\n".join(parts)


def _index(tools: list[Tool]) -> str:
    rows = [(f"[`{one.name}`](#{one.name})", f"`{one.scope}`", _first(one)) for one in tools]
    return _table(("tool", "scope", ""), rows)


def _first(tool: Tool) -> str:
    return tool.description.partition(". ")[0].removesuffix(".") + "."


def _tool(tool: Tool) -> Iterator[str]:
    yield f"### `{tool.name}`\n"
    yield f"{tool.description}\n"
    yield f"{'; '.join(_facts(tool))}.\n"
    schema = tool.schema()
    needed = set(schema.get("required", ()))
    defs = schema.get("$defs", {})
    rows = [
        (f"`{name}`", kind_of(one, defs), _usual(name, one, needed), meaning(name, one))
        for name, one in schema.get("properties", {}).items()
    ]
    yield _table(("argument", "", "", "meaning"), rows) if rows else "It takes no arguments.\n"


def _facts(tool: Tool) -> Iterator[str]:
    """What a person wants to know before they let an agent call it."""
    yield f"Scope `{tool.scope}`"
    if tool.read_only:
        yield "changes nothing"
    if tool.destructive:
        yield "a person is asked each time"
    elif tool.may_ask:
        yield "a person may be asked"
    if tool.open_world:
        yield "may reach outside the lab"
    if tool.idempotent and not tool.read_only:
        yield "called twice it does no more than once"
    if tool.quotes:
        yield "its answer is marked as data of the journal"
    if tool.app:
        yield "shown by the [app](#resources)"


def kind_of(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    """The type of an argument in a few words."""
    if "$ref" in schema:
        return kind_of(defs[schema["$ref"].rpartition("/")[2]], defs)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            kinds = (kind_of(one, defs) for one in schema[key] if one.get("type") != "null")
            return " or ".join(dict.fromkeys(kinds))
    if "const" in schema or "enum" in schema:
        known = schema.get("enum") or [schema["const"]]
        return ", ".join(f"`{_json(one)}`" for one in known)
    word = str(schema.get("type", "anything"))
    if word == "array" and schema.get("items"):
        return f"list of {kind_of(schema['items'], defs)}"
    return _KINDS.get(word, word) + _bounds(schema)


def _bounds(schema: Mapping[str, Any]) -> str:
    least = _whole(schema.get("minimum", schema.get("exclusiveMinimum")))
    most = _whole(schema.get("maximum", schema.get("exclusiveMaximum")))
    if least is None and most is None:
        return ""
    if most is None:
        return f" from {least:}"
    return f" up to {most:}" if least is None else f", {least:} to {most:}"


def meaning(name: str, schema: Mapping[str, Any]) -> str:
    """What an argument is for; "" where nobody says it."""
    return str(schema.get("description") or EVIDENT.get(name, ""))


def _usual(name: str, schema: Mapping[str, Any], needed: set[str]) -> str:
    if name in needed:
        return "needed"
    usual = schema.get("default")
    return "" if usual in (None, {}, [], "") else f"`{_json(usual)}`"


def _resources() -> Iterator[str]:
    listed = [(f"`{one.uri}`", one.mime, one.description) for one in INDEXES]
    kinds = [(f"`{one.template}`", one.mime, one.description) for one in TEMPLATES]
    rows = dict.fromkeys((*listed, *kinds))
    yield _table(("address", "", ""), rows)
    yield (
        "Ids and names in an address are percent-encoded. JSON says `untrusted: true`: what comes "
        "from the journal is data. Completion knows ids and names; who subscribes to an address is "
        "woken, at most ten times a second, when a fact may have changed what stands there.\n"
    )
    yield (
        f"`{APP.uri}` is the live diagram as an MCP App: a client that can shows it beside the "
        "answers of tools that say so.\n"
    )


def _prompt(prompt: Prompt) -> Iterator[str]:
    yield f"### `{prompt.name}`\n"
    yield f"{prompt.description}\n"
    rows = [
        (f"`{one.name}`", "needed" if one.required else "", one.description)
        for one in prompt.arguments
    ]
    yield _table(("argument", "", "meaning"), rows)


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = (str(cell).replace("|", "\\|").replace("\n", " ") for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _whole(value: Any) -> Any:
    """30.0 as 30; what is no whole number as it is."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(_whole(value))
