"""How large a foreign JSON Schema really is: references can double it again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

MOST = 20_000
"""Parts that a schema may have, with every reference spelled out once."""
_REFERS = ("$ref", "$dynamicRef", "$recursiveRef")


def is_too_heavy(schema: Mapping[str, Any]) -> bool:
    """Whether checking something by it could take far longer than it looks."""
    return _Scale(schema).weigh(schema) > MOST


class _Scale:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._anchors: dict[str, list[Any]] = {}
        self._known: dict[int, int] = {}
        self._look(root)

    def weigh(self, part: Any) -> int:
        """The parts in it; one that is being weighed already counts as one."""
        if isinstance(part, list):
            return min(MOST + 1, 1 + sum(map(self.weigh, part)))
        if not isinstance(part, Mapping):
            return 1
        if id(part) in self._known:
            return self._known[id(part)]
        self._known[id(part)] = 1
        total = 1 if part is self._root or "$id" not in part else MOST + 1
        for key, value in part.items():
            total += self.weigh(value)
            if key in _REFERS and isinstance(value, str):
                total += sum(map(self.weigh, self._targets(value)))
            if total > MOST:
                break
        self._known[id(part)] = min(MOST + 1, total)
        return self._known[id(part)]

    def _targets(self, reference: str) -> list[Any]:
        _, _, name = reference.partition("#")
        if name and not name.startswith("/"):
            return self._anchors.get(name, [])
        found: Any = self._root
        for step in name.split("/")[1:]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping):
                found = found.get(key)
            elif isinstance(found, list) and key.isdigit() and int(key) < len(found):
                found = found[int(key)]
            else:
                return []
        return [found]

    def _look(self, part: Any) -> None:
        """Note what has a name of its own."""
        if isinstance(part, Mapping):
            for word in ("$anchor", "$dynamicAnchor"):
                if isinstance(name := part.get(word), str):
                    self._anchors.setdefault(name, []).append(part)
            for value in part.values():
                self._look(value)
        elif isinstance(part, list):
            for value in part:
                self._look(value)
