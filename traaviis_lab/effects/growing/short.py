"""Short ways through a tree: outcomes of which it is known beforehand what comes of them.

Where one of these says that it fits, it does what `Walk.outcome` would, in a fraction of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from traaviis_lab.effects import composed

from .values import Node, Outcome, come_to, completed, made, under_way
from .walk import Walk

_MANY = frozenset({composed.Parallel, composed.ForEach, composed.Batch})


class Row(NamedTuple):
    """A leaf in a sequence: the sequence's place, itself, and which of its effects the leaf is."""

    head: str
    around: composed.Sequence
    number: int


def row_at(walk: Walk, path: str) -> Row | None:
    """The sequence a leaf stands in, if it goes on with the next one."""
    head, _, last = path.rpartition("/")
    node = walk.nodes.get(head) if last else None
    if node is None or type(node.effect) is not composed.Sequence or node.phase != "running":
        return None
    return Row(head, node.effect, int(last))


def step_on(walk: Walk, row: Row, results: Sequence[Any]) -> None:
    """This leaf of a row and those after it have answered; the next, a plain one, begins."""
    head, around, first = row
    nodes, effects, place = walk.nodes, around.effects, f"{head}/" if head else ""
    for number, result in enumerate(results, first):
        nodes[f"{place}{number}"] = come_to(effects[number], completed(result))
    after = first + len(results)
    nodes[head] = under_way(around, after, 1)
    nodes[f"{place}{after}"] = under_way(effects[after])


def take_in(walk: Walk, path: str, outcome: Outcome) -> bool:
    """Take in the result of one of many leaves, while others are under way and none is to start.

    False where more might come of it than that it is known; then nothing is done.
    """
    nodes = walk.nodes
    head, _, last = path.rpartition("/")
    around, leaf = nodes.get(head), nodes.get(path)
    if around is None or leaf is None or outcome.status != "completed":
        return False
    phase, effect, turn, waiting, _, items, env, back, kept = around
    if phase != "running" or waiting < 2 or leaf.phase != "running" or type(effect) not in _MANY:
        return False
    if isinstance(effect, composed.Parallel):
        count, child = len(effect.effects), effect.effects[int(last)]
    else:
        count, child = len(items or ()), effect.effect  # type: ignore[attr-defined]
    if turn < count or leaf.effect.composed:
        return False
    less = (phase, effect, turn, waiting - 1, None, items, env, back, kept)
    nodes[head] = made(Node, less)
    nodes[path] = come_to(child, outcome)
    return True
