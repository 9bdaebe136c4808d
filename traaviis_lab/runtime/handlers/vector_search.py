"""Perform `vector_search`: the passages of a body of knowledge that are nearest in meaning."""

from __future__ import annotations

from typing import Any

from traaviis_lab.effects import VectorSearch
from traaviis_lab.runtime.interpreter import Scope

from .knowing import knowledge_of, on_worker


async def vector_search(effect: VectorSearch, scope: Scope) -> list[dict[str, Any]]:
    """`[{source, place, heading, text, score}]`, the nearest first; `score` is from 0 to 1.

    Raises `EffectError` for an index that is not here, `DefinitionError` for a vector that is of
    another embedder.
    """
    knowledge = await knowledge_of(scope, effect.index)
    query: Any = effect.query
    found = await on_worker(scope, knowledge.near, query, effect.top, dict(effect.filter))
    rows = []
    for one in found:
        row = one.to_json()
        row["score"] = row.pop("relevance", row["score"])
        rows.append(row)
    return rows
