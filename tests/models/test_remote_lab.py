"""Both far doors under a lab: an effect asks through them, and what it leaves behind."""

import logging

import pytest

from tests.models.remote import KEY
from tests.servers.models import ModelServer, Reply, failure
from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.errors import LabError, ModelFailed


@pytest.fixture
def server():
    with ModelServer() as running:
        yield running


@pytest.fixture(params=["openai", "litellm"])
def lab(request, server, tmp_path):
    with Lab(tmp_path / "models.duckdb") as lab:
        lab.secrets["STUB_KEY"] = KEY
        if request.param == "openai":
            lab.models.openai("far", base_url=server.url, key="STUB_KEY")
            lab.models.alias("small", "far/small")
        else:
            lab.models.litellm("far", key="STUB_KEY", options={"api_base": server.url})
            lab.models.alias("small", "far/openai/small")
        yield lab


def test_an_effect_asks_and_its_usage_is_a_fact(lab, server):
    server.plan(Reply("On its way."))
    assert lab.models.ask("Where is my order?", "small") == "On its way."
    sent = server.requests[0]
    assert sent["headers"]["authorization"] == f"Bearer {KEY}"
    assert sent["headers"]["idempotency-key"]
    (told,) = lab.sql(
        "SELECT tokens_in, tokens_out, cost_usd FROM events WHERE kind = 'model.called'"
    ).itertuples(index=False)
    assert (told.tokens_in, told.tokens_out) == (4, 3)
    assert told.cost_usd != told.cost_usd or told.cost_usd is None  # not known, and not 0


def test_a_retry_asks_again_with_the_same_key(lab, server):
    server.plan(failure(429, "slow down"), failure(503, "out of order"), Reply("yes"))
    effect = fx.retry(fx.call_llm("small", "Well?"), attempts=3, delay="10ms")
    lab.run_pipeline(effect)
    keys = {one["headers"]["idempotency-key"] for one in server.requests}
    assert (len(server.requests), len(keys)) == (3, 1)


def test_a_fallback_takes_over(lab, server):
    server.usual = failure(500, "broken")
    lab.models.scripted("spare", ["from the spare one"])
    effect = fx.fallback(fx.call_llm("small", "Well?"), fx.call_llm("spare/x", "Well?"))
    assert lab.run_pipeline(effect).data["result"] == "from the spare one"


def test_the_key_is_in_no_file_and_no_log(lab, server, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    server.plan(failure(401, f"Incorrect API key provided: {KEY}"), Reply(f"your key is {KEY}"))
    with pytest.raises(LabError) as caught:
        lab.models.ask("Well?", "small")
    lab.models.ask("Well?", "small")
    lab.close()
    assert KEY not in str(caught.value)
    assert KEY not in caplog.text
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def test_failures_arrive_as_they_are(lab, server):
    server.plan(failure(404, "no such model"))
    with pytest.raises(ModelFailed, match="no such model") as caught:
        lab.models.ask("Well?", "small")
    assert caught.value.status == 404


def test_a_call_whose_key_is_missing_is_never_sent_and_takes_nothing_of_a_budget(lab, server):
    lab.models.openai("keyless", base_url=server.url, key="NONE_SUCH")
    lab.budget(tokens=500)
    with pytest.raises(LabError, match="NONE_SUCH"):
        lab.run_pipeline(fx.call_llm("keyless/small", "Hello?", max_tokens=20))
    assert server.requests == []
    (row,) = lab.budgets()
    assert (row.spent["tokens"], row.reserved["tokens"]) == (0, 0)
    assert len(lab.sql("select * from model_calls")) == 0
