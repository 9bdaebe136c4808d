"""Secrets go where the document sends them, and are told to nobody else."""

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.machine.charts import tries
from tests.servers.http import LocalServer
from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.effects.secret_places import places_in, put_in
from traaviis_lab.errors import DefinitionError, LabError
from traaviis_lab.runtime.secrets import Revealed, Secrets

from .asking import asked, error, result

VALUE = 's3cret/value+"quoted"ü'
PLAIN = "plain-s3cret"


@pytest.fixture(scope="module")
def server():
    with LocalServer() as running:
        yield running


@pytest.fixture
def lab(server, tmp_path):
    with Lab(tmp_path / "x.duckdb", hosts=[server.host]) as opened:
        opened.secrets["KEY"] = VALUE
        opened.secrets["PLAIN"] = PLAIN
        yield opened


def everything(lab):
    """All that a lab keeps, as text."""
    lab.journal.flush()
    files = [p for p in Path(lab.path).parent.rglob("*") if p.is_file()]
    assert files
    return "".join(path.read_bytes().decode(errors="replace") for path in files)


def test_a_secret_goes_out_and_whatever_echoes_it_comes_back_without(lab, server):
    told = result(
        lab,
        fx.call_api(
            "POST",
            server.url + "/echo/$secret{PLAIN}",
            headers={"Authorization": "Bearer $secret{PLAIN}", "X-Key": {"secret": "PLAIN"}},
            params={"q": {"secret": "KEY"}},
            json={"deep": [{"secret": "KEY"}, "<$secret{KEY}>"], "free": "{{ data.name }}"},
        ),
        {"name": "Ann"},
    )
    sent = server.requests[-1]
    assert sent["headers"]["authorization"] == f"Bearer {PLAIN}"
    assert sent["headers"]["x-key"] == PLAIN
    assert sent["path"] == f"/echo/{PLAIN}"
    assert sent["params"] == {"q": VALUE}
    assert sent["json"] == {"deep": [VALUE, f"<{VALUE}>"], "free": "Ann"}
    seen = told["json"]
    assert seen["headers"]["authorization"] == "Bearer [secret PLAIN]"
    assert seen["json"]["deep"] == ["[secret KEY]", "<[secret KEY]>"]
    kept = everything(lab)
    assert PLAIN not in kept
    assert "s3cret" not in kept
    assert lab.verify().problems == ()


def test_a_failure_tells_no_secret_either(lab, server):
    server.fail("status", status=500)
    told = error(lab, fx.call_api("GET", server.url + "/status/$secret{PLAIN}"))
    assert told["message"].startswith(f"GET {server.host}/status/[secret PLAIN] answered 500")
    lab.secrets["BAD"] = "line\nbreak"
    told = error(lab, fx.call_api("GET", server.url + "/echo", headers={"X": "$secret{BAD}"}))
    assert told["message"] == "call_api: the header 'X' cannot be sent."
    assert "break" not in json.dumps(told)


@pytest.mark.parametrize(
    "data",
    [
        {"x": "$secret{PLAIN}"},
        {"x": {"secret": "PLAIN"}},
        {"x": [{"a": {"secret": "PLAIN"}}]},
    ],
)
def test_what_data_brings_in_is_no_reference(lab, server, data):
    document = fx.call_api(
        "POST",
        server.url + "/echo",
        headers={"X-Key": {"secret": "KEY_ASCII"}},
        json={"comment": "{{ data.x }}", "more": ["{{ data.x }}"]},
    )
    lab.secrets["KEY_ASCII"] = "another-one"
    for effect in (document, fx.retry(document), fx.for_each("[1]", document)):
        result(lab, effect, data)
        sent = server.requests[-1]
        assert sent["headers"]["x-key"] == "another-one"
        assert sent["json"] == {"comment": data["x"], "more": [data["x"]]}


def test_a_whole_body_with_the_key_secret_is_a_body(lab, server):
    result(lab, fx.call_api("POST", server.url + "/echo", json={"secret": "PLAIN"}))
    assert server.requests[-1]["json"] == {"secret": "PLAIN"}


def test_a_secret_nobody_has_is_named_and_no_other_is_used(lab, server, monkeypatch):
    effect = fx.call_api("GET", server.url + "/echo", headers={"X": {"secret": "PLAI"}})
    before = len(server.requests)
    told = error(lab, effect)
    assert told["message"] == "There is no secret 'PLAI' here."
    assert "TRAAVIIS_SECRET_PLAI" in told["hint"]
    assert len(server.requests) == before
    monkeypatch.setenv("TRAAVIIS_SECRET_PLAI", "from-outside")
    assert result(lab, effect)["json"]["headers"]["x"] == "[secret PLAI]"


def test_a_secret_may_be_kept_for_some_hosts(lab, server):
    lab.secrets.add("THEIRS", "only-theirs", hosts=["api.example.com"])
    told = error(lab, fx.call_api("GET", server.url + "/echo", headers={"X": "$secret{THEIRS}"}))
    assert told["kind"] == "PermissionDenied"
    assert "kept for api.example.com" in told["hint"]
    assert Secrets.reveal(lab.secrets, "THEIRS", "api.example.com:443") == "only-theirs"


def test_a_function_may_use_one_and_tells_it_not(lab):
    def login(scope):
        scope.progress(0.5, f"with {scope.secret('PLAIN')}")
        return {"token": f"<{scope.secret('PLAIN')}>"}

    def fail(scope):
        raise ValueError(f"wrong: {scope.secret('PLAIN')}")

    lab.register(login)
    lab.register(fail)
    assert result(lab, fx.call("login")) == {"token": "<[secret PLAIN]>"}
    told = error(lab, fx.call("fail"))
    assert told["message"] == "call: ValueError: wrong: [secret PLAIN]"
    assert told["chain"] == [{"kind": "ValueError", "message": "wrong: [secret PLAIN]"}]
    assert PLAIN not in everything(lab)


def test_what_shows_secrets_shows_their_names(lab):
    assert repr(lab.secrets) == "<Secrets: KEY, PLAIN>"
    assert VALUE not in repr(vars(lab)) + str(lab.secrets) + f"{lab.secrets}"
    used = Revealed(lab.secrets)
    assert (used["PLAIN"], repr(used)) == (PLAIN, "<Revealed: PLAIN>")
    assert (list(lab.secrets), len(lab.secrets), "KEY" in lab.secrets) == (
        ["KEY", "PLAIN"],
        2,
        True,
    )
    with pytest.raises(LabError, match="do not travel"):
        pickle.dumps(lab.secrets)
    del lab.secrets["KEY"]
    with pytest.raises(KeyError):
        lab.secrets["KEY"]


@pytest.mark.parametrize(
    ("name", "value"), [("a b", "long enough"), ("", "long"), ("A", "abc"), ("A", 5)]
)
def test_what_cannot_be_kept_is_refused(name, value):
    secrets = Secrets()
    with pytest.raises(DefinitionError) as caught:
        secrets[name] = value
    assert len(secrets) == 0
    assert str(value) not in str(caught.value)


texts = st.text("ab$secrt{K}/~ ", max_size=14) | st.just("$secret{K}")
trees = st.recursive(
    texts | st.integers(0, 9) | st.just({"secret": "K"}),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@tries(300)
@given(st.fixed_dictionaries({"json": trees, "headers": st.dictionaries(texts, trees, max_size=3)}))
def test_law_references_are_put_in_at_their_places_and_nowhere_else(value):
    asked_for = []

    def lookup(name):
        asked_for.append(name)
        return "VALUE"

    places = places_in(value)
    filled = put_in(value, lookup, set(places))
    assert filled == put_in(value, lookup)
    assert places_in(filled) == []
    assert put_in(value, lookup, set()) == json.loads(json.dumps(value))
    assert bool(asked_for) == bool(places)


def test_the_run_shows_the_reference_not_the_value(lab, server):
    run = asked(lab, fx.call_api("GET", server.url + "/echo", headers={"X": {"secret": "PLAIN"}}))
    (spec,) = [
        json.loads(body)["effect"]
        for body in lab.sql(
            "select body from events where kind = 'effect.started' and run_id = ?", [run.id]
        )["body"]
    ]
    assert spec["headers"] == {"X": {"secret": "PLAIN"}}
