"""Fill `$state` and `$event` into what a hook asks for: the names where it has been hung."""

from __future__ import annotations

import json
import re
from typing import Any

_NAMES = re.compile(r"\$(state|event)\b")


def mentions(value: Any, name: str) -> bool:
    """Whether `$name` is said somewhere in a value."""
    if isinstance(value, dict):
        return any(mentions(item, name) for item in value.values())
    if isinstance(value, list):
        return any(mentions(item, name) for item in value)
    return isinstance(value, str) and re.search(rf"\${name}\b", value) is not None


def fill(value: Any, names: dict[str, str], *, quoted: bool = False) -> Any:
    """The value with these names filled in; `quoted`: as the texts of an expression."""
    if isinstance(value, dict):
        return {key: fill(item, names, quoted=quoted) for key, item in value.items()}
    if isinstance(value, list):
        return [fill(item, names, quoted=quoted) for item in value]
    if not isinstance(value, str) or "$" not in value:
        return value

    def name_of(found: re.Match[str]) -> str:
        name = names.get(found[1])
        if name is None:
            return found[0]
        return json.dumps(name, ensure_ascii=False) if quoted else name

    return _NAMES.sub(name_of, value)
