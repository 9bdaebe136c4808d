"""Documents as columns: the quickest way into DuckDB's tables, and the door to pyarrow here."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    import pyarrow as pa

    from .store import Entry


def document_table(entries: Sequence[Entry]) -> pa.Table:
    """A row for each document."""
    import pyarrow as pa

    return pa.table(
        {
            "source": [entry.source for entry in entries],
            "digest": [entry.digest for entry in entries],
            "fields": [orjson.dumps(dict(entry.fields)).decode() for entry in entries],
            "passages": pa.array([len(entry.passages) for entry in entries], pa.int32()),
        }
    )


def passage_table(entries: Sequence[Entry], first: int, size: int) -> pa.Table:
    """A row for each passage, numbered from `first`."""
    import pyarrow as pa

    rows = [(entry.source, one) for entry in entries for one in entry.passages]
    words = [sum(found.values()) for entry in entries for found in entry.terms]
    flat = array("f", chain.from_iterable(v for entry in entries for v in entry.vectors))
    numbers = pa.Array.from_buffers(pa.float32(), len(flat), [None, pa.py_buffer(flat)])
    return pa.table(
        {
            "id": pa.array(range(first, first + len(rows)), pa.int64()),
            "source": pa.array([source for source, _ in rows], pa.string()),
            "heading": pa.array([one.heading for _, one in rows], pa.string()),
            "place": pa.array([one.place for _, one in rows], pa.string()),
            "text": pa.array([one.text for _, one in rows], pa.string()),
            "tokens": pa.array([one.tokens for _, one in rows], pa.int32()),
            "words": pa.array(words, pa.int32()),
            "vector": pa.FixedSizeListArray.from_arrays(numbers, size),
        }
    )


def term_table(entries: Sequence[Entry], first: int) -> pa.Table:
    """A row for each word of each passage, with how often it is there."""
    import pyarrow as pa

    term, passage, n, words = array("Q"), array("q"), array("i"), array("i")
    for number, found in enumerate((one for entry in entries for one in entry.terms), first):
        total = sum(found.values())
        for word, times in found.items():
            term.append(word)
            passage.append(number)
            n.append(times)
            words.append(total)
    columns = {"term": term, "passage": passage, "n": n, "words": words}
    kinds = {"Q": pa.uint64(), "q": pa.int64(), "i": pa.int32()}
    return pa.table(
        {
            name: pa.Array.from_buffers(kinds[one.typecode], len(one), [None, pa.py_buffer(one)])
            for name, one in columns.items()
        }
    )
