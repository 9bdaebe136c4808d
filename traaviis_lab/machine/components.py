"""Find the sets of nodes in a graph that can be walked into and never out of.

These are the strongly connected components without an edge to another one (Tarjan's algorithm,
with its recursion unrolled).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

N = TypeVar("N", bound=Hashable)


def closed_sets(graph: Mapping[N, Sequence[N]]) -> list[list[N]]:
    """The closed sets of `graph`, which maps each node to the nodes its edges lead to."""
    home: dict[N, int] = {}
    components: list[list[N]] = []
    for component in _components(graph):
        home.update(dict.fromkeys(component, len(components)))
        components.append(component)
    return [
        component
        for number, component in enumerate(components)
        if all(home[to] == number for node in component for to in graph.get(node, ()))
    ]


def _components(graph: Mapping[N, Sequence[N]]) -> Iterator[list[N]]:
    index: dict[N, int] = {}
    lowest: dict[N, int] = {}
    open_nodes: dict[N, None] = {}
    for root in graph:
        if root in index:
            continue
        index[root] = lowest[root] = len(index)
        open_nodes[root] = None
        work = [(root, iter(graph[root]))]
        while work:
            node, rest = work[-1]
            fresh = _descend(rest, node, index, lowest, open_nodes)
            if fresh is not None:
                work.append((fresh, iter(graph.get(fresh, ()))))
                continue
            work.pop()
            if work:
                above = work[-1][0]
                lowest[above] = min(lowest[above], lowest[node])
            if lowest[node] == index[node]:
                yield _close(node, open_nodes)


def _descend(
    rest: Iterator[N],
    node: N,
    index: dict[N, int],
    lowest: dict[N, int],
    open_nodes: dict[N, None],
) -> N | None:
    """The next node not seen before that an edge of `node` leads to."""
    for to in rest:
        if to not in index:
            index[to] = lowest[to] = len(index)
            open_nodes[to] = None
            return to
        if to in open_nodes:
            lowest[node] = min(lowest[node], index[to])
    return None


def _close(node: N, open_nodes: dict[N, None]) -> list[N]:
    """Take the component that `node` began off the open nodes."""
    component: list[N] = []
    while True:
        member, _ = open_nodes.popitem()
        component.append(member)
        if member == node:
            return component
