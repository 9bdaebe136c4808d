"""Find passages: by what they mean, by their words, and both rankings put into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import log
from typing import Any

import orjson

from .passage import Found, Vector
from .store import Body, Store
from .words import number_of, words_of

FUSION = 60
"""Reciprocal rank fusion: a place in a ranking is worth 1 / (60 + place)."""
MOST_WORDS = 64
_SATURATION, _LENGTH = 1.2, 0.75  # BM25's k1 and b, as usual
Ranking = list[tuple[int, float]]


def by_meaning(
    store: Store, body: Body, vector: Vector[float], top: int, sources: Sequence[str] | None = None
) -> Ranking:
    """The passages whose vectors are nearest, of all there are: every one is compared."""
    where, params = _among(sources)
    query = (
        f"select id, array_inner_product(vector, ?::float[{body.size}]) as likeness "
        f"from k{body.id}.passages {where} order by likeness desc, id limit ?"
    )
    return [(row[0], row[1]) for row in store.rows(query, [vector.tolist(), *params, top])]


def by_words(
    store: Store, body: Body, text: str, top: int, sources: Sequence[str] | None = None
) -> Ranking:
    """The passages with most of the question's words, rare ones above all: BM25."""
    wanted = list(dict.fromkeys(words_of(text)))[:MOST_WORDS]
    _, passages, usual = store.sizes(body)
    if not wanted or not passages:
        return []
    terms = [number_of(word) for word in wanted]
    k = f"k{body.id}"
    held = store.rows(
        f"select term, count(*) from {k}.terms where term in (select unnest(?::ubigint[])) "
        "group by term",
        [terms],
    )
    if not held:
        return []
    rare = {term: log(1 + (passages - n + 0.5) / (n + 0.5)) for term, n in held}
    where, params = _among(sources)
    only = f"and passage in (select id from {k}.passages {where})" if where else ""
    query = (
        "with wanted as (select unnest(?::ubigint[]) as term, unnest(?::double[]) as rare) "
        "select passage, sum(rare * n * ? / (n + ? * (? + ? * words / ?))) as score "
        f"from {k}.terms join wanted using (term) where true {only} "
        "group by passage order by score desc, passage limit ?"
    )
    bm25 = [_SATURATION + 1, _SATURATION, 1 - _LENGTH, _LENGTH, usual or 1.0]
    found = store.rows(query, [list(rare), list(rare.values()), *bm25, *params, top])
    return [(row[0], row[1]) for row in found]


def fused(*rankings: Ranking) -> Ranking:
    """Several rankings as one, in which places count and not scores."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for place, (passage, _) in enumerate(ranking, 1):
            scores[passage] = scores.get(passage, 0.0) + 1 / (FUSION + place)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def passages_of(
    store: Store, body: Body, ranking: Ranking, vector: Vector[float] | None
) -> list[Found]:
    """The passages of a ranking in its order, with how alike each is to a vector."""
    if not ranking:
        return []
    k = f"k{body.id}"
    likeness = f"array_inner_product(vector, ?::float[{body.size}])" if vector else "null"
    query = (
        f"select id, source, heading, place, text, p.tokens, fields, {likeness} "
        f"from {k}.passages p join {k}.documents using (source) "
        "where id in (select unnest(?::bigint[]))"
    )
    params = [vector.tolist()] if vector else []
    rows = store.rows(query, [*params, [passage for passage, _ in ranking]])
    known = {row[0]: row for row in rows}
    return [_found(known[number], score) for number, score in ranking if number in known]


def _found(row: tuple[Any, ...], score: float) -> Found:
    *head, fields, likeness = row
    number, source, heading, place, text, tokens = head
    said = orjson.loads(fields)
    return Found(number, source, heading, place, text, tokens, said, score, _share(likeness))


def _share(likeness: float | None) -> float | None:
    """A likeness as a number from 0 to 1: those that point away are as unlike as can be."""
    return None if likeness is None else max(0.0, min(1.0, likeness))


def _among(sources: Iterable[str] | None) -> tuple[str, list[list[str]]]:
    if sources is None:
        return "", []
    return "where source in (select unnest(?::varchar[]))", [list(sources)]
