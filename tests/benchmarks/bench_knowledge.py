"""What knowledge costs: a search in passages of three numbers, and reading documents in."""

import random
import statistics
import tempfile
import time
from array import array
from itertools import accumulate
from pathlib import Path

import numpy as np

from traaviis_lab.knowledge import Chunk, Library, approximate
from traaviis_lab.knowledge.passage import Passage
from traaviis_lab.knowledge.searching import by_meaning, by_words, fused, passages_of
from traaviis_lab.knowledge.store import Body, Entry, Store
from traaviis_lab.knowledge.words import terms_of

SIZE = 384
WORDS = [f"word{n}" for n in range(20_000)]
# As in a language, few words are most of it.
ODDS = list(accumulate(1 / (n + 1) for n in range(len(WORDS))))


def row(what, value, unit, target="", beside="", ratio=None):
    return {
        "what": what, "value": value, "unit": unit, "target": target, "beside": beside, "ratio": ratio,
    }  # fmt: skip


def unit(rows):
    made = np.random.default_rng(len(rows)).standard_normal((len(rows), SIZE)).astype("f4")
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def filled(store, number, per=2_000):
    """A body of passages of 80 words by chance, with vectors by chance."""
    chance = random.Random(0)
    body = store.make(Body(0, f"b{number}", "", Chunk(), "none", SIZE, b"", 0, 1))
    vectors = unit(range(number))
    for at in range(0, number, per):
        texts = [
            " ".join(chance.choices(WORDS, cum_weights=ODDS, k=80))
            for _ in range(min(per, number - at))
        ]
        passages = [Passage("", text, "line 1", 120) for text in texts]
        rows = [array("f", one.tobytes()) for one in vectors[at : at + per]]
        store.replace(body, [Entry(f"{at}", "d", {}, passages, [terms_of(t) for t in texts], rows)])
    store.keep(body)
    return body


def p95(work, rounds):
    took = []
    for number in range(rounds):
        t = time.perf_counter()
        work(number)
        took.append(time.perf_counter() - t)
    return statistics.quantiles(took, n=20)[-1] * 1e3


def searches(path, number, rounds=40):
    store = Store(path)
    body = filled(store, number)
    chance = random.Random(1)
    asked = [array("f", one.tobytes()) for one in unit(range(rounds))]
    texts = [" ".join(chance.choices(WORDS, cum_weights=ODDS, k=8)) for _ in range(rounds)]

    def both(n):
        ranking = fused(by_meaning(store, body, asked[n], 20), by_words(store, body, texts[n], 20))
        passages_of(store, body, ranking[:5], asked[n])

    both(0)
    found = {
        "by meaning, exact": p95(lambda n: by_meaning(store, body, asked[n], 20), rounds),
        "by words": p95(lambda n: by_words(store, body, texts[n], 20), rounds),
        "both, fused": p95(both, rounds),
    }
    if number >= 100_000:
        t = time.perf_counter()
        approximate.nearest(store, body, asked[0], 20)
        found["(making the graph, s)"] = time.perf_counter() - t
        found["by meaning, by the graph"] = p95(
            lambda n: approximate.nearest(store, body, asked[n], 20), rounds
        )
    store.close()
    return found


def reading(folder, embedder):
    """Seconds a MB of Markdown, and for looking it through when nothing changed; its passages."""
    chance = random.Random(2)
    for number in range(6):  # a few pages are enough; the answer is for one MB
        sections = []
        for part in range(16):
            words = chance.choices(WORDS, cum_weights=ODDS, k=180)
            sentences = [" ".join(words[at : at + 12]) + "." for at in range(0, 180, 12)]
            sections.append(f"## Section {part}\n\n{' '.join(sentences)}\n")
        (folder / f"{number}.md").write_text(f"# Page {number}\n\n" + "\n".join(sections))
    size = sum(one.stat().st_size for one in folder.iterdir()) / 2**20
    library = Library(None, lambda: 1)
    t = time.perf_counter()
    known = library.put(folder, "k", embedder=embedder)
    first = (time.perf_counter() - t) / size
    t = time.perf_counter()
    known.update()
    again = (time.perf_counter() - t) / size
    passages = known.passages
    library.close()
    return first, again, passages / size


def rows(numbers=(1_000, 10_000, 100_000), embedders=("char-tfidf", "minilm")):
    made = []
    for number in numbers:
        with tempfile.TemporaryDirectory() as name:
            for what, value in searches(str(Path(name) / "k.duckdb"), number).items():
                of = "s" if what.startswith("(") else "ms, p95"
                made.append(row(f"search {number:,} passages {what}", value, of))
    for embedder in embedders:
        with tempfile.TemporaryDirectory() as name:
            first, again, passages = reading(Path(name), embedder)
        made.append(row(f"read in 1 MB of Markdown, {embedder}", first, "s"))
        made.append(row(f"passages of 1 MB, {embedder}", passages, ""))
        made.append(row(f"look through 1 MB that did not change, {embedder}", again * 1e3, "ms"))
    return made
