"""`traaviis-lab estimate` says what a run will take, and how sure that is."""

import json

import pytest
from typer.testing import CliRunner

from traaviis_lab import Lab, read_chart
from traaviis_lab.cli.app import app

ASKS = """
spec: traaviis/1
name: Asks
data: {text: hello}
states:
  asking:
    enter: [{kind: call_llm, model: openai/gpt-4o-mini, prompt: "Say {{ data.text }}", max_tokens: 100}]
    on_success: [{to: over}]
  over: {final: true}
"""


def said(*args):
    return CliRunner().invoke(app, ["estimate", *map(str, args)])


def test_a_document_is_estimated_without_any_model_at_hand(tmp_path):
    path = tmp_path / "asks.yaml"
    path.write_text(ASKS)
    shown = said(path)
    assert shown.exit_code == 0, shown.output
    assert "openai/gpt-4o-mini" in shown.output
    assert "not known: How long openai/gpt-4o-mini takes" in shown.output
    told = json.loads(
        said(path, "--json", "--data", '{"text": "a longer text than before"}').output
    )
    assert told["calls"]["expected"] == 1
    assert told["usd"]["most"] > told["usd"]["p50"] > 0


def test_a_journal_is_learned_from(tmp_path):
    path, journal = tmp_path / "asks.yaml", tmp_path / "asks.duckdb"
    path.write_text(ASKS)
    with Lab(journal) as lab:
        lab.models.scripted("openai", lambda request: "one two three")
        for _ in range(3):
            lab.start(read_chart(ASKS)).wait()
        said_there = lab.sql("select max(tokens_out) as n from model_calls")["n"][0]
    told = json.loads(said(path, "--json", "--journal", journal).output)
    assert told["runs"] == 3
    assert told["tokens_out"]["p50"] == pytest.approx(said_there, rel=0.01)


def test_what_is_no_data_or_no_journal_is_wrong_usage(tmp_path):
    path = tmp_path / "asks.yaml"
    path.write_text(ASKS)
    for wrong in (
        ("--data", "[1]"),
        ("--data", "{"),
        ("--journal", tmp_path / "none.duckdb"),
        ("--limit", 0),
    ):
        assert said(path, *wrong).exit_code == 2
    assert not (tmp_path / "none.duckdb").exists()
