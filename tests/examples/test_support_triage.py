"""The triage of the examples, unchanged on recorded answers, a real model, and a server."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models import weights
from tests.servers.models import ModelServer, Reply
from traaviis_lab import Lab
from traaviis_lab.cost import Usage
from traaviis_lab.errors import ModelFailed

EXAMPLES = Path(__file__).parents[2] / "examples"
DEAR = "How much is express delivery?"
ANGRY = "This is the third broken kettle. I am furious!"


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    import support_triage

    return support_triage


def recorded(example):
    """The tokens that the model read then, by the question: of the first call of each."""
    lines = [json.loads(line) for line in example.CASSETTE.read_text().splitlines()[1:]]
    return {
        line["request"]["messages"][-1]["content"]: line["answer"]["usage"]["tokens_in"]
        for line in lines
        if "schema" in line["request"]
    }


def facts(lab, runs):
    found = lab.sql("select run_id, seq, kind, name, body from events order by run_id, seq")
    return found[found["run_id"].isin([run.id for run in runs])]


def calls(lab):
    return lab.sql('select * from model_calls order by "at"')


def test_the_answers_on_the_cassette_are_those_of_the_real_model(example):
    lines = [json.loads(line) for line in example.CASSETTE.read_text().splitlines()[1:]]
    told = [line["answer"]["provenance"] for line in lines]
    assert {(one["source"], one["file"]) for one in told} == {("local", "smollm2.gguf")}
    assert set(recorded(example)) == set(example.QUESTIONS)


def test_on_the_real_model_and_replayed_when_it_is_gone(example, tmp_path, monkeypatch):
    shelf = tmp_path / "cache" / "weights"
    shelf.mkdir(parents=True)
    shutil.copy(weights.here(), shelf)
    monkeypatch.setenv("TRAAVIIS_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "triage.duckdb"
    with example.opened("local", path) as lab:
        runs = [example.triage(lab, question) for question in (DEAR, ANGRY)]
        assert {run.state for run in runs} <= {"answered", "escalated"}
        made, before = calls(lab), facts(lab, runs)
    assert set(made["model"]) == {example.LOCAL}
    bodies = [json.loads(body) for body in before["body"][before["kind"] == "model.called"]]
    assert {body["source"] for body in bodies} == {"local"}
    assert not any(body.get("usage_counted") for body in bodies)
    sorted_in = made["tokens_in"][made["node"].str.contains("sorting")].to_list()
    assert sorted_in == [recorded(example)[DEAR], recorded(example)[ANGRY]]
    assert made["tokens_out"].min() >= 3

    shutil.rmtree(tmp_path / "cache")
    with Lab(path) as lab:
        with pytest.raises(ModelFailed, match="local"):
            lab.models.ask("Is anybody there?", example.LOCAL)
        for run in runs:
            again = lab.recording(run.id).replay()
            assert again.snapshot.data == run.data
            assert again.same_chart
        assert facts(lab, runs).to_dict("list") == before.to_dict("list")
        assert facts(lab, runs).to_dict("list") == before.to_dict("list")


def test_on_any_server_that_has_a_key(example, monkeypatch, tmp_path):
    said = {"format": '"delivery"', "text": "Express delivery costs 9 euros."}
    with ModelServer() as server:
        server.usual = Reply(
            text=lambda body: said["format" if "response_format" in body else "text"],
            usage={"prompt_tokens": 200, "completion_tokens": 8, "total_tokens": 208},
        )
        env = {**os.environ, "OPENAI_BASE_URL": server.url, "TRAAVIIS_SECRET_KEY": "k-secret"}
        command = [sys.executable, str(EXAMPLES / "support_triage.py")]
        done = subprocess.run(
            [*command, "--on", "openai/gpt-4o-mini"],
            cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        keys = {request["headers"]["authorization"] for request in server.requests}
    assert done.returncode == 0, done.stderr
    assert keys == {"Bearer k-secret"}
    assert "k-secret" not in done.stdout
    assert "delivery: Express delivery costs 9 euros. [1.00 from our papers]" in done.stdout
    with Lab() as lab:
        price = lab.prices.find("openai/gpt-4o-mini")
    assert f"416 tokens, ${2 * price.cost(Usage(200, 8)):.6f}; foreseen" in done.stdout
    assert "0 models were asked" in done.stdout


def test_a_person_gets_what_no_model_answers(example, capsys):
    with example.opened("nobody/here") as lab:
        run = example.triage(lab, DEAR)
        assert (run.state, run.events) == ("escalated", ("human_answered",))
        assert run.data["why"].startswith("There is no model 'nobody/here' here")
        run.send("human_answered", answer="9 euros")
        assert (run.state, run.data["answer"]) == ("answered", "9 euros")
    assert "0 tokens" in capsys.readouterr().out


def test_a_person_gets_what_is_too_dear(example):
    with example.opened("nobody/here") as lab:
        lab.models.scripted("nobody", ['"care"', "Boil it."])
        lab.budget(machine="Triage", calls=1)
        run = example.triage(lab, "May I put it into the dishwasher?")
        assert (run.state, run.data["topic"]) == ("escalated", "care")
        assert run.data["why"] == "too dear: machine Triage"
