"""`lab.models`: who answers, by which name, for whom; one question; cassettes."""

import pytest

from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import CassetteMiss, DefinitionError, ModelFailed, PermissionDenied
from traaviis_lab.lab.modelling import host_of
from traaviis_lab.models import Answer


@pytest.fixture
def lab():
    with Lab() as opened:
        yield opened


def test_one_question_is_a_run_that_can_be_looked_at(lab):
    lab.models.scripted("small", ["Paris", {"city": "Rome"}])
    assert lab.models.ask("Capital of France? {{ 1 + 1 }}", "small/m", system="Short.") == "Paris"
    lab.models.default = "small/m"
    assert lab.models.ask("Of Italy?", schema={"type": "object"}) == {"city": "Rome"}
    assert list(lab.runs()["state"]) == ["done", "done"]
    rows = lab.sql("select model, cost_usd from model_calls")
    assert list(rows["model"]) == ["small/m", "small/m"]
    assert list(rows["cost_usd"]) == [0.0, 0.0]


def test_a_question_that_fails_raises_what_it_failed_with(lab):
    lab.models.scripted("small", [ModelFailed("busy", hint="wait", status=429)])
    with pytest.raises(ModelFailed, match="busy") as failed:
        lab.models.ask("hi", "small/m")
    assert failed.value.status == 429
    with pytest.raises(ModelFailed, match="There is no model 'none/m'"):
        lab.models.ask("hi", "none/m")


def test_they_are_shown_as_a_table(lab):
    assert "none yet" in repr(lab.models)
    assert "none yet" in lab.models._repr_html_()
    lab.models.scripted("small", ["x"], region="here")
    lab.models.alias("triage", "small/m")
    lab.models.default = "triage"
    lab.models.ask("hi")
    row = lab.models.table().iloc[0]
    assert (row["name"], row["source"], row["region"]) == ("small", "scripted", "here")
    assert (row["aliases"], row["calls"]) == (["triage"], 1)
    assert repr(lab.models) == "<Models: small (scripted); usually triage>"
    assert "<td>small</td>" in lab.models._repr_html_()


def test_a_provider_can_be_replaced_and_taken_out(lab):
    lab.models.scripted("small", ["old"])
    lab.models.scripted("small", ["new"])
    assert lab.models.ask("hi", "small/m") == "new"
    lab.models.remove("small")
    with pytest.raises(ModelFailed):
        lab.models.ask("hi", "small/m")


def test_policies_and_the_air_gap_are_set_here(lab):
    class Far:
        source, streams = "live", False

        def count(self, request):
            raise AssertionError("nobody asks")

        complete = stream = count

        async def close(self):
            pass

    lab.models.add("far", Far(), region="us")
    lab.models.scripted("small", ["yes"] * 9)
    lab.models.allow(tenant="acme", models=["small/*"])
    with pytest.raises(PermissionDenied, match="tenant 'acme'"):
        lab.models.ask("hi", "far/m", tenant="acme")
    assert lab.models.ask("hi", "small/m", tenant="acme") == "yes"
    assert lab.models.air_gapped is False
    lab.models.air_gapped = True
    with pytest.raises(PermissionDenied, match="this lab"):
        lab.models.ask("hi", "far/m")
    assert lab.models.ask("hi", "small/m") == "yes"


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda models: setattr(models, "default", None), "no name for a model"),
        (lambda models: setattr(models, "air_gapped", "yes"), "neither true nor false"),
        (lambda models: models.add("a b", object()), "no name for a provider"),
        (lambda models: models.add("a", object()), "no provider of models"),
        (lambda models: models.openai(key="sk-live-123"), "key is no name of a secret"),
        (lambda models: models.openai(base_url="ftp://x"), "no address of a server"),
        (lambda models: models.openai(base_url="http://u:p@x/v1"), "no address of a server"),
        (lambda models: models.litellm(key={"anthropic": "sk-live"}), "no name of a secret"),
    ],
)
def test_what_cannot_be_is_refused(lab, act, says):
    with pytest.raises(DefinitionError, match=says) as refused:
        act(lab.models)
    assert "sk-live" not in refused.value.message
    assert "u:p" not in refused.value.message


def test_the_host_of_a_server_is_as_secrets_are_kept_for():
    assert host_of("https://api.openai.com/v1") == "api.openai.com:443"
    assert host_of("http://127.0.0.1:8000/v1") == "127.0.0.1:8000"


def test_answers_are_recorded_once_and_given_for_ever(lab, tmp_path):
    asked = []

    def answer(request):
        asked.append(request)
        return Answer(f"answer {len(asked)}", cost_usd=0.5)

    lab.models.scripted("small", answer)
    path = tmp_path / "tape.jsonl"
    deck = lab.models.cassette(path)
    assert lab.models.ask("hi", "small/m") == "answer 1"
    assert "in>" in repr(deck)
    assert repr(lab.models) == f"<Models: small (scripted); cassette {path}: auto>"
    assert f"<code>{path}</code>, auto" in lab.models._repr_html_()
    lab.models.eject()
    assert "out>" in repr(deck)
    lab.models.remove("small")
    with lab.models.cassette(path, mode="replay"):
        assert "none; cassette" in lab.models._repr_html_()
        assert lab.models.ask("hi", "small/m") == "answer 1"
        with pytest.raises(CassetteMiss):
            lab.models.ask("hello", "small/m")
    assert len(asked) == 1
    with pytest.raises(ModelFailed, match="There is no model"):
        lab.models.ask("hi", "small/m")
    bodies = lab.sql("select body from model_calls order by time")["body"]
    assert '"source":"recorded"' in bodies[1]
    assert '"how":"recorded"' in bodies[1]
    assert len(bodies) == 2  # a miss was never sent


def test_a_cassette_keeps_a_whole_machine_running_with_nobody_there(lab, tmp_path):
    mood = {"type": "object", "properties": {"mood": {"type": "string"}}, "required": ["mood"]}
    talk = fx.call_llm("small/m", "mood?", schema=mood) >> fx.validate_quality(
        "{{ result.mood }}", model="small/m"
    )
    lab.models.scripted("small", ["no json", {"mood": "good"}, {"score": 1, "reasons": []}])
    with lab.models.cassette(tmp_path / "tape.jsonl", mode="record"):
        first = lab.run_pipeline(talk).data["result"]
    lab.models.remove("small")
    with lab.models.cassette(tmp_path / "tape.jsonl", mode="replay"):
        assert lab.run_pipeline(talk).data["result"] == first
