"""The door to usearch: search in more passages than are compared one by one, by a graph of them.

Without the extra `[vectors]` every passage is compared all the same: slower, and exact.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .passage import Vector
from .searching import Ranking
from .store import Body, Store

EXACT_MOST = 100_000
"""Up to so many passages, a question is compared with every one of them."""
_ROWS = 20_000
_making = threading.Lock()


def is_worth_it(passages: int) -> bool:
    """Whether there are too many passages to compare each, and something to do better with."""
    return passages > EXACT_MOST and _is_installed()


def nearest(store: Store, body: Body, vector: Vector[float], top: int) -> Ranking:
    """The passages nearest to a vector, almost always; those found are compared exactly."""
    import numpy as np

    graph = _graph(store, body)
    found = graph.search(np.frombuffer(vector, dtype=np.float32), min(4 * top + 32, len(graph)))
    query = (
        f"select id, array_inner_product(vector, ?::float[{body.size}]) as likeness "
        f"from k{body.id}.passages where id in (select unnest(?::bigint[])) "
        "order by likeness desc, id limit ?"
    )
    ids = [int(key) for key in found.keys]
    return [(row[0], row[1]) for row in store.rows(query, [vector.tolist(), ids, top])]


@cache
def _is_installed() -> bool:
    return find_spec("usearch") is not None


def _graph(store: Store, body: Body) -> Any:
    """The graph of a body as it is now: made once, and kept in a file beside the store's."""
    with _making:
        kept = store.graphs.get(body.id)
        if kept is None or kept[0] != body.indexed:
            kept = store.graphs[body.id] = (body.indexed, _load(store, body) or _make(store, body))
        return kept[1]


def _index(body: Body) -> Any:
    from usearch.index import Index

    return Index(ndim=body.size, metric="ip", dtype="f16", expansion_search=128)


def _file(store: Store, body: Body) -> Path | None:
    if store.path is None:
        return None
    return Path(f"{store.path}.{body.id}-{body.indexed}.usearch")


def _load(store: Store, body: Body) -> Any:
    file = _file(store, body)
    if file is None or not file.exists():
        return None
    graph = _index(body)
    try:
        graph.load(str(file))
    except (RuntimeError, ValueError, OSError):  # cut off, or by another version: made anew
        return None
    return graph if len(graph) == store.sizes(body)[1] else None


def _make(store: Store, body: Body) -> Any:
    import numpy as np

    graph, last = _index(body), 0
    query = f"select id, vector from k{body.id}.passages where id > ? order by id limit {_ROWS}"
    while rows := store.rows(query, [last]):
        keys = np.array([row[0] for row in rows], dtype=np.uint64)
        graph.add(keys, np.array([row[1] for row in rows], dtype=np.float32))
        last = rows[-1][0]
    if (file := _file(store, body)) is not None:
        for old in file.parent.glob(f"{Path(str(store.path)).name}.{body.id}-*.usearch"):
            old.unlink(missing_ok=True)
        graph.save(str(file))
    return graph
