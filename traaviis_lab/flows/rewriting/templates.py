"""Turn what a hook reads of data and event into `{{ }}` templates, where that is the same."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from traaviis_lab.flows.analysing.outline import UNKNOWN
from traaviis_lab.flows.analysing.scope import Scope


class Reading:
    """What one hook may read: its parameters `data` and `event`, as far as it has them."""

    def __init__(self, scope: Scope, parameters: Sequence[str]) -> None:
        self.scope = scope
        self.parameters = set(parameters)

    def text(self, node: ast.expr) -> str | None:
        """A text, or the template that gives it; None where neither is plain to see."""
        value = self.value(node)
        if isinstance(value, str):
            return value
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return str(value)

    def value(self, node: ast.expr, depth: int = 0) -> Any:
        """A JSON value, perhaps with templates in it; `UNKNOWN` where it is not plain to see."""
        if depth > 20:
            return UNKNOWN
        if isinstance(node, ast.JoinedStr):
            return self._joined(node)
        if isinstance(node, ast.Dict):
            return self._mapping(node, depth)
        if isinstance(node, ast.List):
            items = [self.value(item, depth + 1) for item in node.elts]
            return UNKNOWN if UNKNOWN in items else items
        path = self._path(node)
        if path:
            return f"{{{{ {path} }}}}"
        return self._fixed(node)

    def _fixed(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Name) and node.id in self.parameters:
            return UNKNOWN
        value = self.scope.value_of(node)
        if isinstance(value, str):
            return UNKNOWN if "{{" in value else value
        return value if value is None or isinstance(value, bool | int | float) else UNKNOWN

    def _joined(self, node: ast.JoinedStr) -> Any:
        parts = []
        for part in node.values:
            shown = part
            if isinstance(part, ast.FormattedValue):
                if part.conversion != -1 or part.format_spec is not None:
                    return UNKNOWN
                shown = part.value
            text = self.text(shown)
            if text is None:
                return UNKNOWN
            parts.append(text)
        return "".join(parts)

    def _mapping(self, node: ast.Dict, depth: int) -> Any:
        made: dict[str, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) else None
            made_value = self.value(value, depth + 1)
            if not isinstance(name, str) or made_value is UNKNOWN:
                return UNKNOWN
            made[name] = made_value
        return made

    def _path(self, node: ast.expr) -> str:
        """`data["order"]["id"]` as `data.order.id`; "" for anything else."""
        parts: list[str] = []
        while isinstance(node, ast.Subscript):
            key = node.slice.value if isinstance(node.slice, ast.Constant) else None
            if not isinstance(key, str) or not (key.isidentifier() and key.isascii()):
                return ""
            parts.append(key)
            node = node.value
        root = node.id if parts and isinstance(node, ast.Name) else ""
        if root not in self.parameters & {"data", "event"}:
            return ""
        return ".".join([root, *reversed(parts)])
