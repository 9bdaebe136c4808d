"""What hostile answers and careless hands do to models: names, half providers, cassettes."""

import pytest

from tests.runtime.models import Odd
from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import CassetteMiss, DefinitionError, ModelFailed, PermissionDenied
from traaviis_lab.models import Answer

VALUE = "late-secret-value"


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


class Half:
    """Has not all that a provider needs."""

    async def complete(self, request):
        return Answer("?")


def test_a_provider_that_lacks_something_is_refused_when_it_is_added(lab):
    with pytest.raises(DefinitionError, match="it has no source, streams, count, stream, close"):
        lab.models.add("half", Half())


@pytest.mark.parametrize("source", ["remote", "LIVE", "", None])
def test_a_provider_of_an_unknown_source_is_refused_and_taken_for_far(lab, source):
    with pytest.raises(DefinitionError, match="its source is"):
        lab.models.add("odd", Odd(None, source=source))
    changes = lab.models.add("changes", Odd(None, source="local"))
    changes.source = source
    lab.models.air_gapped = True
    with pytest.raises(PermissionDenied, match="may not be asked"):
        lab.models.ask("hi", "changes/m")


@pytest.mark.parametrize("path", [None, 3, "", b"x.jsonl"])
def test_what_is_no_path_is_no_cassette(lab, path):
    with pytest.raises(DefinitionError, match="is no path of a cassette"):
        lab.models.cassette(path)


def test_a_name_without_a_provider_is_told_how_models_are_called(lab):
    with pytest.raises(ModelFailed) as refused:
        lab.models.ask("hi", "gpt-4")
    assert "'provider/model'" in refused.value.hint
    assert "lab.models.add('gpt-4'" not in refused.value.hint


def test_a_provider_alone_is_told_how_to_go_on(lab):
    lab.models.add("far", Odd(None))
    for name in ("far", "far/"):
        with pytest.raises(ModelFailed) as refused:
            lab.models.ask("hi", name)
        assert "Write 'far/model'." in refused.value.hint


def test_a_model_that_was_never_recorded_is_a_miss_that_shows_the_one_that_was(lab, tmp_path):
    path = tmp_path / "tape.jsonl"
    lab.models.scripted("small", ["yes"])
    with lab.models.cassette(path):
        lab.models.ask("hi", "small/one")
    lab.models.remove("small")
    says = "model: recorded 'small/one', asked 'small/two'"
    with lab.models.cassette(path, mode="replay"), pytest.raises(CassetteMiss, match=says):
        lab.models.ask("hi", "small/two")
    with lab.models.cassette(path), pytest.raises(ModelFailed, match="There is no model"):
        lab.models.ask("hi", "small/two")


def test_a_secret_that_came_in_two_pieces_is_not_on_the_cassette(lab, tmp_path):
    path = tmp_path / "tape.jsonl"
    lab.secrets["LATE"] = VALUE

    async def whole(request):
        return Answer(f"it is {VALUE} ok")

    lab.models.add("odd", Odd(whole, pieces=("it is late-sec", "ret-value ok")))
    with lab.models.cassette(path):
        assert lab.models.ask("hi", "odd/m", stream=True) == "it is [secret LATE] ok"
    assert "late-sec" not in path.read_text()
    assert "ret-value" not in path.read_text()
    with lab.models.cassette(path, mode="replay"):
        assert lab.models.ask("hi", "odd/m", stream=True) == "it is [secret LATE] ok"


def test_a_stream_that_holds_no_secret_is_recorded_as_it_came(lab, tmp_path):
    path = tmp_path / "tape.jsonl"
    lab.secrets["LATE"] = VALUE

    async def whole(request):
        return Answer("one two")

    lab.models.add("odd", Odd(whole, pieces=("one ", "two")))
    with lab.models.cassette(path):
        lab.models.ask("hi", "odd/m", stream=True)
    assert '"chunks":["one ","two"]' in path.read_text()


@pytest.mark.parametrize(
    "headers", ["abc", {"X-A": 3}, {"X-Token": "do-not-tell\n"}, {"X\n": "a"}, {3: "a"}, ["a"]]
)
def test_a_header_that_cannot_be_sent_is_refused_and_its_value_not_shown(lab, headers):
    with pytest.raises(DefinitionError, match="header") as refused:
        lab.models.openai(base_url="http://127.0.0.1:9/v1", headers=headers)
    assert "do-not-tell" not in f"{refused.value}"


@pytest.mark.parametrize("calls", ["zz", [3], {"id": "1"}])
def test_tool_calls_of_a_talk_that_are_none_are_named(lab, calls):
    lab.models.scripted("small", ["yes"])
    talk = [{"role": "assistant", "tool_calls": calls}]
    with pytest.raises(DefinitionError, match="the tool_calls of one are"):
        fx.call_llm("small/m", messages=talk)
    with pytest.raises(DefinitionError, match="the tool_calls of one are"):
        lab.run_pipeline(fx.call_llm("small/m", messages="{{ data.talk }}"), {"talk": talk})


def test_labels_may_come_out_of_the_data_as_a_list(lab):
    lab.models.add("far", Odd(None))
    lab.models.allow(label="personal", air_gapped=True)
    for labels in ("{{ data.labels }}", ["{{ data.labels }}"]):
        effect = fx.call_llm("far/m", "hi", labels=labels)
        with pytest.raises(PermissionDenied, match="labelled medical, personal"):
            lab.run_pipeline(effect, {"labels": ["personal", "medical"]})
