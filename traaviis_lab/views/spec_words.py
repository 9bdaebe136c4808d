"""Put an effect as it stands in a document into a few words: `call fetch`, `retry: call fetch`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .text import one_line, shorten

_ABOUT = (
    "function", "url", "machine", "agent", "event", "to", "key", "model", "index", "knowledge",
    "tool", "name", "into",
)  # fmt: skip
_MANY = ("effects", "steps", "agents")
_LONGEST = 60


def spec_words(spec: Mapping[str, Any] | None, kind: str = "") -> str:
    """The effect's kind and what it is about, on one line of at most 60 columns.

    `kind` is what it is called where there is no document of it.
    """
    return shorten(one_line(_words(spec or {"kind": kind}, 3)), _LONGEST)


def _words(spec: Mapping[str, Any], deep: int) -> str:
    kind = str(spec.get("kind", ""))
    word = kind.replace("_", " ")
    inner = spec.get("effect")
    if isinstance(inner, Mapping):
        name = _text(spec.get("name")) and f" {spec['name']}"
        return f"{word}{name}: {_words(inner, deep - 1)}" if deep else f"{word}{name}"
    for field in _MANY:
        several = spec.get(field)
        if isinstance(several, Sequence) and not isinstance(several, str):
            return f"{word} of {len(several)}"
    if kind == "delay":
        wait = spec.get("for", "")
        return f"{word} {wait:g}s" if isinstance(wait, int | float) else f"{word} {wait}"
    if kind == "permit":
        return f"{word} {_text(spec.get('of')).replace('_', ' ')} {_text(spec.get('name'))}"
    if kind == "call_api" and spec.get("url"):
        return f"{word} {_text(spec.get('method')) or 'GET'} {_text(spec.get('url'))}"
    if kind == "merge_data" and not spec.get("key") and isinstance(spec.get("values"), Mapping):
        return f"{word} {', '.join(spec['values'])}"
    about = (_text(spec.get(field)) for field in _ABOUT)
    return f"{word} {next((text for text in about if text), '')}".strip()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
