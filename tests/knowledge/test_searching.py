"""What is found: every vector is compared, words count as BM25 says, ranks are fused."""

import random
from array import array
from collections import Counter
from math import log

import numpy as np
import pytest

from traaviis_lab.errors import DefinitionError
from traaviis_lab.knowledge import Chunk, Library, approximate
from traaviis_lab.knowledge.passage import Passage
from traaviis_lab.knowledge.searching import by_meaning, by_words, fused
from traaviis_lab.knowledge.store import Body, Entry, Store
from traaviis_lab.knowledge.words import number_of, terms_of, words_of

SIZE = 32


def filled(store, vectors, per=500):
    body = store.make(Body(0, "v", "", Chunk(), "none", vectors.shape[1], b"", 0, 1))
    for at in range(0, len(vectors), per):
        rows = [array("f", row.tobytes()) for row in vectors[at : at + per]]
        passages = [Passage("", f"passage {at + n}", "line 1", 2) for n in range(len(rows))]
        terms = [terms_of(one.text) for one in passages]
        store.replace(body, [Entry(f"{at}.md", "d", {}, passages, terms, rows)])
    store.keep(body)
    return body


def some(number, size=SIZE, seed=0):
    made = np.random.default_rng(seed).standard_normal((number, size)).astype("f4")
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def many():
    store = Store(None)
    vectors = some(20_000)
    yield store, filled(store, vectors), vectors
    store.close()


def test_the_nearest_of_20_000_are_those_that_are_nearest(many):
    store, body, vectors = many
    for question in some(20, seed=1):
        found = by_meaning(store, body, array("f", question.tobytes()), 10)
        likeness = vectors @ question
        expected = np.argsort(-likeness, kind="stable")[:10]
        assert [number - 1 for number, _ in found] == expected.tolist()
        assert np.allclose([one for _, one in found], likeness[expected], atol=1e-5)


def test_a_vector_that_is_there_finds_itself(many):
    store, body, vectors = many
    for number in (0, 499, 500, 19_999):
        ((found, likeness),) = by_meaning(store, body, array("f", vectors[number].tobytes()), 1)
        assert found == number + 1
        assert likeness == pytest.approx(1, abs=1e-5)


def test_a_filter_is_kept_before_the_nearest_are_counted(many):
    store, body, vectors = many
    question = array("f", vectors[3].tobytes())
    found = by_meaning(store, body, question, 10, ["500.md"])
    assert len(found) == 10
    assert all(500 < number <= 1_000 for number, _ in found)
    assert by_meaning(store, body, question, 10, []) == []


@pytest.mark.parametrize("disk", [False, True])
def test_beyond_what_is_compared_one_by_one_the_nearest_are_found_too(monkeypatch, disk, tmp_path):
    monkeypatch.setattr(approximate, "EXACT_MOST", 1_000)
    store = Store(str(tmp_path / "k.duckdb") if disk else None)
    vectors = some(3_000, seed=2)
    body = filled(store, vectors)
    assert approximate.is_worth_it(3_000)
    hits = 0
    for question in some(50, seed=3):
        asked = array("f", question.tobytes())
        exact, near = (
            by_meaning(store, body, asked, 10),
            approximate.nearest(store, body, asked, 10),
        )
        hits += len({n for n, _ in exact} & {n for n, _ in near})
        assert near == sorted(near, key=lambda one: (-one[1], one[0]))
    assert hits >= 490
    store.close()
    kept = list(tmp_path.glob("*.usearch"))
    assert len(kept) == disk
    if disk:
        again = Store(str(tmp_path / "k.duckdb"))
        kept[0].write_bytes(kept[0].read_bytes()[:1_000])  # cut off: it is made anew
        assert approximate.nearest(again, body, asked, 10) == near
        newer = body._replace(indexed=2)
        assert approximate.nearest(again, newer, asked, 10) == near
        assert [one.name for one in tmp_path.glob("*.usearch")] == ["k.duckdb.1-2.usearch"]
        again.close()


def test_without_the_extra_all_are_compared_however_many(monkeypatch):
    approximate._is_installed.cache_clear()
    monkeypatch.setattr(approximate, "find_spec", lambda name: None)
    assert not approximate.is_worth_it(10**9)
    approximate._is_installed.cache_clear()


def bm25(texts, question):
    """The formula as Robertson and Zaragoza write it, over lists."""
    counted = [Counter(words_of(text)) for text in texts]
    usual = sum(sum(one.values()) for one in counted) / len(texts)
    scores = []
    for one in counted:
        total = 0.0
        for word in set(words_of(question)):
            held = sum(word in other for other in counted)
            rare = log(1 + (len(texts) - held + 0.5) / (held + 0.5))
            n, length = one[word], sum(one.values())
            total += rare * n * 2.2 / (n + 1.2 * (0.25 + 0.75 * length / usual))
        scores.append(total)
    return scores


def test_words_count_as_the_formula_says():
    chance = random.Random(0)
    words = [f"word{n}" for n in range(60)]
    texts = [" ".join(chance.choices(words, k=chance.randint(3, 40))) for _ in range(80)]
    store = Store(None)
    body = store.make(Body(0, "w", "", Chunk(), "none", 1, b"", 0, 1))
    passages = [Passage("", text, "line 1", 1) for text in texts]
    terms = [terms_of(text) for text in texts]
    store.replace(body, [Entry("a.md", "d", {}, passages, terms, [array("f", [1.0])] * 80)])
    for _ in range(20):
        question = " ".join(chance.choices(words, k=4))
        expected = bm25(texts, question)
        found = by_words(store, body, question, 80)
        assert len(found) == sum(score > 0 for score in expected)
        for number, score in found:
            assert score == pytest.approx(expected[number - 1])
    assert by_words(store, body, "zebra", 5) == by_words(store, body, "?!", 5) == []
    store.close()


def test_ranks_are_fused_and_scores_are_not():
    left, right = [(1, 99.0), (2, 98.0), (3, 97.0)], [(3, 0.2), (1, 0.1)]
    assert [number for number, _ in fused(left, right)] == [1, 3, 2]
    assert fused(left) == [(1, 1 / 61), (2, 1 / 62), (3, 1 / 63)]
    assert fused([], []) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Push the DOOR-handle!", ["push", "the", "door", "handle"]),
        ("Türöffner café CAFÉ", ["turoffner", "cafe", "cafe"]),
        ("東京都 x1", ["東京", "京都", "x1"]),
        ("abc門を", ["abc", "門を"]),
        ("ﬁne snake_case", ["fine", "snake", "case"]),
        ("a" * 100, ["a" * 64]),
        ("", []),
    ],
)
def test_words_are_folded_in_any_script(text, words):
    assert words_of(text) == words


def test_the_number_of_a_word_is_the_same_everywhere():
    assert number_of("door") == 10_455_143_803_798_930_444


@pytest.fixture(scope="module")
def manuals():
    library = Library(None, lambda: 1)
    texts = {
        "doors.md": "---\nlanguage: en\ntags: [door, house]\nlevel: 2\n---\n# Doors\n"
        "Push the handle, and the way is free.\n\n## Locks\nThe code is XK-42. Type it in.",
        "windows.md": "---\nlanguage: en\n---\n# Windows\nThey are tilted by the upper lever.",
        "tür.md": "---\nlanguage: de\n---\n# Tür\nDie Klinke wird gedrückt.",
        "sub/cats.txt": "Cats sleep most of the day. The code of their flap is XK-43.",
    }
    yield library.put(texts, "manuals", embedder="minilm")
    library.close()


def sources(found):
    return [one.source for one in found]


def test_meaning_finds_what_says_it_in_other_words(manuals):
    assert sources(manuals.find("How do I get through the entrance?", 1, how="meaning")) == [
        "doors.md"
    ]
    assert manuals.find("How do I get through the entrance?", how="words")[0].relevance is None


def test_words_find_what_has_no_meaning(manuals):
    assert sources(manuals.find("XK-43", 1, how="words")) == ["sub/cats.txt"]
    (found,) = manuals.find("code XK-42", 1)
    assert (found.source, found.heading, found.place) == ("doors.md", "Doors > Locks", "line 10")
    assert 0 < found.relevance <= 1


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ({"language": "de"}, {"tür.md"}),
        ({"language": ["de", "fr"]}, {"tür.md"}),
        ({"tags": "house"}, {"doors.md"}),
        ({"level": 2}, {"doors.md"}),
        ({"level": True}, set()),
        ({"source": "sub/*"}, {"sub/cats.txt"}),
        ({"source": "*.md", "language": "en"}, {"doors.md", "windows.md"}),
        ({"suffix": ".txt"}, {"sub/cats.txt"}),
        ({"nobody": "knows"}, set()),
        ({"source": "x' or 1=1 --"}, set()),
    ],
)
def test_a_filter_says_what_documents_must_be(manuals, filter, expected):
    for how in ("both", "meaning"):
        assert set(sources(manuals.find("the handle", 10, how=how, filter=filter))) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {"question": "  "}, {"question": 7}, {"top": 0}, {"top": True}, {"top": 1.5},
        {"how": "guessing"}, {"filter": {"a": {"b": 1}}}, {"filter": {"a": []}}, {"filter": {1: "a"}},
        {"filter": 5}, {"filter": "language"}, {"filter": []},
    ],
)  # fmt: skip
def test_what_cannot_be_looked_for_is_refused(manuals, wrong):
    with pytest.raises(DefinitionError):
        manuals.find(**{"question": "door", **wrong})


def test_a_vector_can_be_looked_for(manuals):
    vector = manuals._library.embedder(manuals.body).embed(["sleeping kittens"])[0]
    assert manuals.near([2 * one for one in vector], 1)[0].source == "sub/cats.txt"
    for wrong in ([1.0, 2.0], [0.0] * 384, [float("nan")] * 384, ["a"] * 384, 7, None):
        with pytest.raises(DefinitionError, match="vector"):
            manuals.near(wrong)


def test_half_a_character_and_sql_are_only_text(manuals):
    assert manuals.find("handle \ud800 '; drop schema k1; --")
    assert manuals.documents == 4


def test_reranking_looks_for_the_sentence(manuals):
    found = manuals.find("which code opens the lock", 2, rerank=True)
    assert "XK-42" in found[0].text
    assert found[0].score > found[1].score


def test_compressing_keeps_what_the_question_is_about():
    library = Library(None, lambda: 1)
    filler = "Nothing of interest happened on that day in the whole town. " * 12
    text = f"{filler}The blue door is opened with the brass key. {filler}"
    known = library.put(
        {"long.txt": text, "b.txt": filler}, "long", embedder="minilm", chunk=Chunk(500, 0)
    )
    found = known.find("Which key opens the blue door?", 2)
    assert known.compress("Which key opens the blue door?", found, 5_000) == found
    short = known.compress("Which key opens the blue door?", found, 60)
    assert sum(one.tokens for one in short) <= 60
    assert "brass key" in short[0].text
    assert "…" in short[0].text
    library.close()


def test_a_table_of_what_was_found(manuals):
    frame = manuals.search("handle", 2)
    assert list(frame.columns) == ["source", "place", "heading", "text", "score", "relevance"]
    assert len(frame) == 2
