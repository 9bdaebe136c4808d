"""The values of a composed effect that is under way: a tree of places, each at its stage.

They never change: what goes on makes new ones, so that a turn can be worked out and thrown away.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from immutables import Map

from traaviis_lab.effects.recorded import recorded_effect
from traaviis_lab.machine.effect import Effect

from .fills import spec_of

Status = Literal["completed", "failed", "cancelled"]
Phase = Literal[
    "running", "ending",  # a leaf: under way, told to end
    "stopping", "undoing", "saving",  # a composed one, beside running: on its way to its outcome
    "undo", "over",  # done once and now undone; over, its outcome still needed
]  # fmt: skip


made = tuple.__new__
"""Makes a named tuple of all its fields: in a fifth of the time that calling its class takes."""


class Outcome(NamedTuple):
    """How something ended. `value` is the result, or the error as JSON."""

    status: Status
    value: Any = None


CANCELLED = Outcome("cancelled")


def completed(value: Any) -> Outcome:
    """It succeeded."""
    return made(Outcome, ("completed", value))


def failed(error: Mapping[str, Any]) -> Outcome:
    """It failed, with the error as JSON."""
    return Outcome("failed", error)


class Node(NamedTuple):
    """One place of a tree.

    `effect` is a leaf's with its templates filled in, a composed one's as written. `turn` is the
    child it has come to, `waiting` how many children are not over, `outcome` what it has come to
    or will come to when it has stopped. `items` are what a loop goes over. `env` is what the
    templates of an `undo` may read, `back` the place that has it undone; what happened under
    `kept` is not undone.
    """

    phase: Phase
    effect: Effect
    turn: int = 0
    waiting: int = 0
    outcome: Outcome | None = None
    items: tuple[Any, ...] | None = None
    env: Mapping[str, Any] | None = None
    back: str = ""
    kept: str = ""


def under_way(effect: Effect, turn: int = 0, waiting: int = 0, items: Any = None) -> Node:
    """A place that is under way."""
    return made(Node, ("running", effect, turn, waiting, None, items, None, "", ""))


def come_to(effect: Effect, outcome: Outcome) -> Node:
    """A place that is over."""
    return made(Node, ("over", effect, 0, 0, outcome, None, None, "", ""))


class Undo(NamedTuple):
    """Something that happened and can be undone: where, and what its `undo` may read."""

    path: str
    env: Mapping[str, Any]


Nodes = Map[str, Node]
NO_NODES: Nodes = Map()


class Tree(NamedTuple):
    """A composed effect that is under way.

    `owner`, `place`, `seq` and `began` are those of any effect under way. The paths in `nodes`
    begin below the root, whose own is "". `undos` are in the order of completion. `left` says
    that nobody waits for it any more: its state was left, or its run has ended.
    """

    effect: Effect
    owner: str
    place: int
    seq: int
    began: int
    nodes: Nodes = NO_NODES
    undos: tuple[Undo, ...] = ()
    left: bool = False


def tree_to_json(tree: Tree) -> dict[str, Any]:
    """The tree as a kept snapshot holds it."""
    return {
        "effect": spec_of(tree.effect),
        "owner": tree.owner,
        "place": tree.place,
        "seq": tree.seq,
        "began": tree.began,
        "left": tree.left,
        "nodes": {path: _node_to_json(tree.nodes[path]) for path in sorted(tree.nodes)},
        "undos": [list(undo) for undo in tree.undos],
    }


def tree_from_json(body: Mapping[str, Any]) -> Tree:
    """A tree as it was kept."""
    from .places import effect_at

    root = recorded_effect(body["effect"])
    nodes = {
        path: _node_from_json(node, effect_at(root, path) if "effect" not in node else None)
        for path, node in body["nodes"].items()
    }
    undos = tuple(Undo(path, env) for path, env in body["undos"])
    return Tree(
        root, body["owner"], body["place"], body["seq"], body["began"],
        Map(nodes), undos, body["left"],
    )  # fmt: skip


def _node_to_json(node: Node) -> dict[str, Any]:
    said: dict[str, Any] = {"phase": node.phase}
    if not node.effect.composed and (node.phase != "over" or node.effect.internal):
        said["effect"] = spec_of(node.effect)
    if node.outcome is not None:
        said["outcome"] = list(node.outcome)
    if node.items is not None:
        said["items"] = list(node.items)
    for name in ("turn", "waiting", "env", "back", "kept"):
        if value := getattr(node, name):
            said[name] = value
    return said


def _node_from_json(body: Mapping[str, Any], composed: Effect | None) -> Node:
    effect = recorded_effect(body["effect"]) if composed is None else composed
    outcome = Outcome(*body["outcome"]) if "outcome" in body else None
    items = tuple(body["items"]) if "items" in body else None
    more = {name: body[name] for name in ("turn", "waiting", "env", "back", "kept") if name in body}
    return Node(body["phase"], effect, outcome=outcome, items=items, **more)
