"""Which fields of `data` and `event` an expression reads: `data.locked`, `event.user.id`."""

from __future__ import annotations

from . import nodes as n


def read_paths(node: n.Node) -> frozenset[str]:
    """The longest constant path of every read; `result` is the path `event.result`."""
    found: set[str] = set()
    _gather(node, frozenset(), found)
    return frozenset(found)


def _gather(node: n.Node, variables: frozenset[str], found: set[str]) -> None:
    path = spell(node)
    root = path.partition(".")[0]
    if root in ("data", "event", "result") and root not in variables:
        found.add(path if root != "result" else f"event.{path}")
        return
    if isinstance(node, n.Macro):
        _gather(node.target, variables, found)
        inside = variables | {node.variable}
        for part in (node.keep, node.body):
            if part is not None:
                _gather(part, inside, found)
        return
    for child in n.children(node):
        _gather(child, variables, found)


def spell(node: n.Node) -> str:
    """`data.user.name` as a text for a chain of fields, "" for anything else."""
    parts: list[str] = []
    while True:
        match node:
            case n.Select(operand, field) | n.Has(operand, field):
                parts.append(field)
                node = operand
            case n.Index(operand, n.Constant(str() as key)):
                parts.append(key)
                node = operand
            case n.Name(name):
                return ".".join([name, *reversed(parts)])
            case _:
                return ""
