"""What names in a Python source stand for, as far as reading it tells: imports, clients, values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from .outline import UNKNOWN
from .outside import touch_of

Function = ast.FunctionDef | ast.AsyncFunctionDef
_CLIENTS = {"client", "resource", "connect", "session", "getLogger", "get_logger", "from_url"}
_DEEPEST = 60


class Scope:
    """The names of one source, whatever block they are in.

    `aliases` are imports (`r` for `requests`), `objects` clients that were made somewhere
    (`self.client` for `httpx.Client`), `values` what names were assigned once, `functions` those
    of the module.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.aliases: dict[str, str] = {}
        self.objects: dict[str, str] = {}
        self.values: dict[str, ast.expr | None] = {}
        self.functions = {f.name: f for f in tree.body if isinstance(f, Function)}
        nodes = list(ast.walk(tree))
        for node in nodes:
            self._note_import(node)
        for node in nodes:
            for target, value in _bindings(node):
                self._note_value(target, value)

    def name_of(self, node: ast.AST) -> str:
        """The dotted name of what is called or named there; "" where it has none."""
        parts: list[str] = []
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Attribute):
                known = self.objects.get(f"{_base(node)}.{node.attr}")
                if known is not None:
                    return ".".join([known, *reversed(parts)])
                parts.append(node.attr)
                node = node.value
            elif isinstance(node, ast.Call):
                node = node.func
            elif isinstance(node, ast.Await | ast.Subscript):
                node = node.value
            else:
                parts.append("")
                return ".".join(reversed(parts))
        root = self.objects.get(node.id) or self.aliases.get(node.id) or node.id
        return ".".join([root, *reversed(parts)])

    def value_of(self, node: ast.expr, depth: int = 0) -> Any:
        """The JSON value that is written there; `UNKNOWN` where only running it would tell."""
        if depth > _DEEPEST:
            return UNKNOWN
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            return {
                key.value: self.value_of(value, depth + 1)
                for key, value in pairs
                if isinstance(key, ast.Constant)
            }
        if isinstance(node, ast.List | ast.Tuple):
            return [self.value_of(item, depth + 1) for item in node.elts]
        if isinstance(node, ast.Name):
            known = self.values.get(node.id)
            return UNKNOWN if known is None else self.value_of(known, depth + 1)
        return UNKNOWN

    def _note_import(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    self.aliases[alias.asname] = alias.name
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                self.aliases[alias.asname or alias.name] = f"{module}.{alias.name}"

    def _note_value(self, target: ast.expr, value: ast.expr) -> None:
        name = target.id if isinstance(target, ast.Name) else ""
        if name:
            self.values[name] = None if name in self.values else value
        if isinstance(target, ast.Attribute):
            name = f"{_base(target)}.{target.attr}"
        if isinstance(value, ast.Await):
            value = value.value
        if name and isinstance(value, ast.Call):
            made = self.name_of(value.func)
            last = made.rpartition(".")[2]
            probe = f"{made}.info" if "ogger" in last else made
            if (last in _CLIENTS or last[:1].isupper()) and touch_of(probe) is not None:
                self.objects[name] = made


def _base(node: ast.Attribute) -> str:
    return node.value.id if isinstance(node.value, ast.Name) else ""


def _bindings(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield target, node.value
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        yield node.target, node.value
    elif isinstance(node, ast.With | ast.AsyncWith):
        for item in node.items:
            if item.optional_vars is not None:
                yield item.optional_vars, item.context_expr
