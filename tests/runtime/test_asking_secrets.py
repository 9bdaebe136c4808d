"""Secrets and models: what a prompt may not hold, and where a secret's value never stands."""

import logging

import pytest

from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.cost import Usage
from traaviis_lab.errors import ModelFailed, PermissionDenied
from traaviis_lab.models import Answer

from .asking import chart_asking, error, result, until
from .models import Odd, called

VALUE = "sk-live-4711-do-not-tell"


@pytest.fixture
def lab(tmp_path):
    with Lab(tmp_path / "secret.duckdb") as opened:
        yield opened


def everything_written(lab, folder):
    """Every byte of the journal's files, and every body as the index has it."""
    lab.journal.flush()
    index = "".join(str(one) for one in lab.sql("select * from events").to_numpy().ravel())
    charts = "".join(str(one) for one in lab.sql("select * from charts").to_numpy().ravel())
    files = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())
    return index + charts + files.decode("utf-8", "replace")


def test_data_that_holds_a_secret_is_refused_before_anything_is_written(lab, tmp_path, caplog):
    lab.secrets["KEY"] = VALUE
    small = lab.models.scripted("small", ["?"] * 5)
    chart = chart_asking(fx.call_llm("small/m", "{{ data.text }}"))
    with caplog.at_level(logging.DEBUG), pytest.raises(PermissionDenied) as refused:
        lab.start(chart, id="r", data={"text": [f"my key is {VALUE}!"]})
    assert refused.value.message.startswith("The data of the run holds a secret of this lab")
    assert VALUE not in f"{refused.value!r} {refused.value.hint} {caplog.text}"
    assert not small.requests
    assert lab.journal.info("r") is None
    assert VALUE not in everything_written(lab, tmp_path)


def test_an_event_that_holds_a_secret_is_refused_and_not_even_noted(lab, tmp_path):
    lab.secrets["KEY"] = VALUE
    lab.models.scripted("small", ["?"])
    run = lab.start(chart_asking(fx.call_llm("small/m", "hi")))
    until(lambda: run.state == "answered")
    with pytest.raises(PermissionDenied, match="The event 'leave' holds a secret of this lab"):
        run.send("leave", why={"because": VALUE})
    assert VALUE not in everything_written(lab, tmp_path)
    assert "event.refused" not in set(lab.sql("select kind from events")["kind"])


def test_a_prompt_with_a_secret_in_the_machine_is_refused_before_it_is_kept(lab, tmp_path):
    lab.secrets["KEY"] = VALUE
    with pytest.raises(PermissionDenied, match="The machine 'Asking' holds a secret of this lab"):
        lab.start(chart_asking(fx.call_llm("small/m", f"use {VALUE}")))
    with pytest.raises(PermissionDenied, match="holds a secret of this lab"):
        lab.models.ask(f"use {VALUE}", "small/m")
    assert VALUE not in everything_written(lab, tmp_path)


@pytest.mark.parametrize("where", ["set", "environment"])
def test_a_prompt_that_came_to_hold_one_is_not_sent(tmp_path, monkeypatch, where):
    if where == "environment":
        monkeypatch.setenv("TRAAVIIS_SECRET_KEY", VALUE)
    with Lab() as lab:
        small = lab.models.scripted("small", ["?"])
        lab.register(lambda: "sk-live-" + "4711-do-not-tell", "fetch")  # out of nowhere
        if where == "set":
            lab.secrets["KEY"] = VALUE
        pair = fx.call("fetch") >> fx.call_llm("small/m", "use {{ result }}")
        told = error(lab, pair)
        assert told["kind"] == "PermissionDenied"
        assert told["message"].startswith("The secret 'KEY' stands in what a model was to be asked")
        assert VALUE not in str(told)
        assert not small.requests


def test_what_a_model_or_its_provider_says_is_cleared_of_secrets(lab, tmp_path):
    lab.secrets["KEY"] = VALUE

    async def echoes(request):
        provenance = {"source": "live", "headers": f"Bearer {VALUE}"}
        return Answer(f"Your key is {VALUE}.", usage=Usage(1, 1), provenance=provenance)

    async def fails(request):
        raise ModelFailed(f"401: wrong key {VALUE}", hint=f"not {VALUE}", status=401)

    lab.models.add("far", Odd(echoes, pieces=["Your key ", f"is {VALUE}."]))
    assert result(lab, fx.call_llm("far/m", "hi")) == "Your key is [secret KEY]."
    assert result(lab, fx.call_llm("far/m", "hi", stream=True)) == "Your key is [secret KEY]."
    lab.models.add("bad", Odd(fails))
    told = error(lab, fx.call_llm("bad/m", "hi"))
    assert told["message"] == "401: wrong key [secret KEY]"
    assert called(lab)[0]["provenance"]["headers"] == "Bearer [secret KEY]"
    assert called(lab)[2]["cost"] == {"usd": 0.0, "how": "refused by the provider"}
    assert VALUE not in everything_written(lab, tmp_path)


def test_a_cassette_keeps_no_secret(lab, tmp_path):
    async def echoes(request):
        return Answer(f"It is {VALUE}.", usage=Usage(1, 1))

    lab.models.add("far", Odd(echoes))
    lab.secrets["KEY"] = VALUE
    with lab.models.cassette(tmp_path / "tape.jsonl"):
        assert result(lab, fx.call_llm("far/m", "hi")) == "It is [secret KEY]."
    assert "[secret KEY]" in (tmp_path / "tape.jsonl").read_text()
    assert VALUE not in everything_written(lab, tmp_path)


def test_a_secret_is_not_cut_in_half_by_an_excerpt(lab, tmp_path):
    lab.secrets["KEY"] = VALUE
    text = "x" * 290 + VALUE

    async def echoes(request):
        return Answer(text)

    lab.models.add("far", Odd(echoes))
    told = error(lab, fx.call_llm("far/m", "hi", schema={"type": "object"}, repairs=1))
    assert told["kind"] == "AnswerUnfit"
    assert VALUE[:8] not in str(told)
    assert VALUE[:8] not in everything_written(lab, tmp_path)


def test_news_of_an_answer_do_not_show_a_secret_that_is_still_being_written(lab, tmp_path):
    lab.secrets["KEY"] = VALUE

    async def whole(request):
        return Answer(f"It is {VALUE}, as you know.")

    pieces = ["It is ", *VALUE, ", as ", "you know."]
    lab.models.add("far", Odd(whole, pieces=pieces))
    shown = result(lab, fx.call_llm("far/m", "hi", stream=True))
    assert shown == "It is [secret KEY], as you know."
    assert '"It is ' in everything_written(lab, tmp_path)
    assert VALUE[:5] not in everything_written(lab, tmp_path)


def test_a_key_that_is_first_known_by_being_used_is_cleared_too(tmp_path, monkeypatch):
    with Lab() as lab:
        monkeypatch.setenv("TRAAVIIS_SECRET_LATE", VALUE)  # after the lab was opened
        secrets = lab._engine.secrets

        async def echoes(request):
            return Answer(f"Your key is {secrets.reveal('LATE')}.")

        lab.models.add("far", Odd(echoes))
        assert result(lab, fx.call_llm("far/m", "hi")) == "Your key is [secret LATE]."
