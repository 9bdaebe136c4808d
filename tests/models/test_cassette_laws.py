"""Laws of cassettes: what comes back is what went in, whatever it was."""

from hypothesis import given, settings
from hypothesis import strategies as st

from traaviis_lab.cost import Usage
from traaviis_lab.models import Answer, Cassette, Chunk, Scripted

from .asking import Far, answer, asking, streamed

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
ARGS = st.text(max_size=9) | st.dictionaries(TEXTS, st.integers(-9, 9) | TEXTS, max_size=2)
CALLS = st.lists(st.fixed_dictionaries({"id": TEXTS, "name": TEXTS, "args": ARGS}), max_size=2)
ANSWERS = st.builds(
    Answer,
    TEXTS,
    CALLS.map(tuple),
    st.sampled_from(["stop", "length", "tool_calls", "content_filter"]),
    st.none() | st.builds(Usage, *[st.integers(0, 2**40)] * 5),
    st.none() | st.floats(0, 1e9),
    TEXTS,
)


class Given(Far):
    """Answers with exactly what it was given, in the given pieces."""

    def __init__(self, whole, texts):
        super().__init__(Scripted([]))
        self.whole, self.texts = whole, texts

    async def complete(self, request):
        return self.whole

    async def stream(self, request):
        for text in self.texts:
            yield Chunk(text)
        yield self.whole


@settings(max_examples=60, deadline=None)
@given(ANSWERS, st.lists(TEXTS, max_size=4), TEXTS, st.booleans())
def test_what_comes_back_is_what_went_in(tmp_path_factory, whole, texts, asked, live):
    path = tmp_path_factory.mktemp("law") / "talk.jsonl"
    tape, request = Cassette(path), asking(asked)
    provider = tape.wrap(Given(whole, texts), "p/m")
    first = streamed(provider, request) if live else ([], answer(provider, request))
    tape.close()
    replay = Cassette(path, "replay").wrap(None, "p/m")
    chunks, again = streamed(replay, request) if live else ([], answer(replay, request))
    assert chunks == first[0]
    assert again.provenance.get("cost_usd") == whole.cost_usd
    same = ("text", "tool_calls", "finish", "usage", "model")
    assert [getattr(again, one) for one in same] == [getattr(whole, one) for one in same]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0, 5, 9])), min_size=1, max_size=12)
)
def test_any_row_of_questions_gets_its_own_answers_again(tmp_path_factory, asked):
    path, numbers = tmp_path_factory.mktemp("row") / "talk.jsonl", iter(range(99))
    tape = Cassette(path)
    provider = tape.wrap(Scripted(lambda request: f"{next(numbers)}"), "p/m")
    requests = [asking(text, max_tokens=most) for text, most in asked]
    first = [answer(provider, one).text for one in requests]
    tape.close()
    replay = Cassette(path, "replay").wrap(None, "p/m")
    assert [answer(replay, one).text for one in requests] == first
