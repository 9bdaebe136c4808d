"""Find the machines among the classes of a source: ours, and those of other libraries."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from .scope import Function, Scope

Flavour = Literal["ours", "foreign"]
_FOREIGN = {"StateMachine", "StateChart", "AsyncMachine", "HierarchicalMachine", "GraphMachine"}
_OURS = ("on_enter_", "on_exit_", "before_", "after_")
_MARKS = ("on_enter_", "on_exit_")
_CALLBACKS = {"before", "after", "on", "prepare", "enter", "exit", "on_enter", "on_exit"}
_DECISIONS = {"cond", "unless", "validators", "conditions", "when"}


@dataclass(frozen=True, slots=True)
class Hook:
    """A method that a machine calls on its way. `when` is "on_enter", "on_exit", "before", ...

    `of` is the state or the event, "" where it is called by its name. `decides` tells guards.
    """

    name: str
    when: str
    of: str
    node: Function
    decides: bool = False


@dataclass(slots=True)
class MachineClass:
    """A class that describes a machine: its methods by name, and those of them that are hooks."""

    name: str
    flavour: Flavour
    node: ast.ClassDef
    bases: list[ast.ClassDef] = field(default_factory=list)
    methods: dict[str, Function] = field(default_factory=dict)
    hooks: list[Hook] = field(default_factory=list)

    @property
    def body(self) -> Iterator[ast.AST]:
        """All that is in the class body, without the insides of methods and inner classes."""
        return body_of(self.node)


def machine_classes(scope: Scope, tree: ast.Module) -> list[MachineClass]:
    """The classes that describe machines, in the order of the source."""
    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            flavour = _flavour(scope, node, classes, 0)
            if flavour is not None:
                found.append(_machine(scope, node, classes, flavour))
    return sorted(found, key=lambda one: one.node.lineno)


def body_of(node: ast.ClassDef) -> Iterator[ast.AST]:
    """All nodes of a class body, without the insides of methods and inner classes."""
    todo: list[ast.AST] = [*reversed(node.body)]
    while todo:
        one = todo.pop()
        yield one
        if not isinstance(one, Function | ast.ClassDef | ast.Lambda):
            todo += reversed(list(ast.iter_child_nodes(one)))


def _machine(
    scope: Scope, node: ast.ClassDef, classes: dict[str, ast.ClassDef], flavour: Flavour
) -> MachineClass:
    made = MachineClass(node.name, flavour, node)
    for base in _bases(scope, node, classes):
        made.methods.update(_methods(base))
        made.bases.append(base)
    own = _methods(node)
    made.methods.update(own)
    named = {} if flavour == "ours" else _named_callbacks(made)
    for name, method in own.items():
        hook = _hook(name, method, flavour)
        if hook is None and name in named:
            hook = Hook(name, named[name], "", method, decides=named[name] in _DECISIONS)
        if hook is not None:
            made.hooks.append(hook)
    return made


def _methods(node: ast.ClassDef) -> dict[str, Function]:
    return {item.name: item for item in node.body if isinstance(item, Function)}


def _hook(name: str, method: Function, flavour: Flavour) -> Hook | None:
    for prefix in _OURS:
        if name.startswith(prefix) and len(name) > len(prefix):
            return Hook(name, prefix.rstrip("_"), name[len(prefix) :], method)
    if flavour == "foreign" and name.startswith("on_") and len(name) > 3:
        return Hook(name, "on", name[3:], method)
    return None


def _named_callbacks(machine: MachineClass) -> dict[str, str]:
    """Methods that transitions and states call by name: `idle.to(busy, before="prepare")`."""
    named: dict[str, str] = {}
    for node in machine.body:
        for word in node.keywords if isinstance(node, ast.Call) else ():
            if word.arg in _CALLBACKS | _DECISIONS:
                named.update(dict.fromkeys(_names(word.value), str(word.arg)))
    return named


def _names(node: ast.expr) -> list[str]:
    items = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    return [_name(item) for item in items]


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value).lstrip("!")
    return node.id if isinstance(node, ast.Name) else ""


def _flavour(
    scope: Scope, node: ast.ClassDef, classes: dict[str, ast.ClassDef], depth: int
) -> Flavour | None:
    for base in node.bases:
        name = scope.name_of(base)
        module, _, last = name.rpartition(".")
        if last == "Machine" and module.split(".")[0] == "traaviis_lab":
            return "ours"
        if name in classes and classes[name] is not node and depth < 20:
            found = _flavour(scope, classes[name], classes, depth + 1)
            if found is not None:
                return found
        if module.startswith("traaviis_lab.gallery"):
            return "ours"
        if last in _FOREIGN or (last == "Machine" and module):
            return "foreign"
    marked = any(name.startswith(_MARKS) for name in _methods(node))
    return "foreign" if marked else None


def _bases(
    scope: Scope, node: ast.ClassDef, classes: dict[str, ast.ClassDef]
) -> Iterator[ast.ClassDef]:
    """The classes of this source that it derives from, the farthest first."""
    found: list[ast.ClassDef] = []
    todo = [node]
    while todo and len(found) < 50:
        for base in todo.pop().bases:
            known = classes.get(scope.name_of(base))
            if known is not None and known is not node and known not in found:
                found.append(known)
                todo.append(known)
    yield from reversed(found)
