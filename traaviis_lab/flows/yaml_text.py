"""Write plain values as YAML: states as blocks, what is short on one line, texts with care."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 96
BLOCKS = {"states", "transitions", "after", "on_enter", "enter", "exit", "validate"}
"""Under these keys everything gets a line of its own."""

_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
# What YAML 1.2 or its elders take for a number, a date, a truth value or nothing.
_NOT_TEXT = re.compile(
    r"(?i:null|true|false|yes|no|on|off|y|n)|[-+.]?[0-9][0-9a-fA-F_.:xXoOtTzZ +-]*"
)
_LONGEST_KEY = 900
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def yaml_text(value: Mapping[str, Any]) -> str:
    """A YAML 1.2 document of plain JSON values; texts that older readers mistake are quoted.

    A key that is too long for YAML's readers (1,024 characters) makes it JSON, which is YAML too.
    """
    if not value or _longest_key(value) > _LONGEST_KEY:
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    return "\n".join(_mapping(value, 0)) + "\n"


def _longest_key(value: Any) -> int:
    if isinstance(value, Mapping):
        return max((max(len(_scalar(k)), _longest_key(v)) for k, v in value.items()), default=0)
    return max(map(_longest_key, value), default=0) if isinstance(value, list) else 0


def _mapping(value: Mapping[str, Any], indent: int, *, is_states: bool = False) -> Iterator[str]:
    pad = " " * indent
    for key, item in value.items():
        head = f"{pad}{_key(key)}:"
        # The children of `states` are states: their own keys come on lines of their own.
        block = (is_states or key in BLOCKS) and bool(item)
        flow = None if block else flow_text(item)
        if isinstance(item, str):
            yield from _text(head, item, indent)
        elif flow is not None and len(head) + len(flow) < WIDTH:
            yield f"{head} {flow}"
        elif isinstance(item, Mapping) and item:
            yield head
            yield from _mapping(item, indent + 2, is_states=key == "states" and not is_states)
        elif isinstance(item, list) and item:
            yield head
            yield from _list(item, indent + 2)
        else:
            yield f"{head} {flow_text(item)}"


def _list(value: list[Any], indent: int) -> Iterator[str]:
    pad = " " * indent
    for item in value:
        flow = flow_text(item)
        if len(flow) + indent + 2 <= WIDTH or not isinstance(item, Mapping | list) or not item:
            yield f"{pad}- {flow}"
            continue
        lines = _mapping(item, indent + 2) if isinstance(item, Mapping) else _list(item, indent + 2)
        yield f"{pad}- {next(lines).lstrip(' ')}"
        yield from lines


def _text(head: str, text: str, indent: int) -> Iterator[str]:
    """A text: as a block where it has lines that can stand as they are, else on one line."""
    lines = text.split("\n")
    can_stand = len(lines) > 1 and all(
        line.isprintable() and line == line.strip() for line in lines
    )
    if can_stand and lines[0] and lines[-1]:
        yield f"{head} |-"
        for line in lines:
            yield f"{' ' * (indent + 2)}{line}" if line else ""
    else:
        yield f"{head} {_scalar(text)}"


def flow_text(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(k)}: {flow_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow_text(item) for item in value) + "]"
    return _scalar(value)


def _key(text: str) -> str:
    """`on` stands bare as a key, as people write it; YAML 1.2 reads it as a text."""
    return text if text == "on" else _scalar(text)


def _scalar(value: Any) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _WORD.fullmatch(value) and not _NOT_TEXT.fullmatch(value):
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
