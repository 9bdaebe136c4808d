"""`call_api` against a real server: what comes back, what is refused, what is cut off."""

import logging

import pytest

from tests.servers.http import LocalServer
from traaviis_lab import Lab
from traaviis_lab import effects as fx
from traaviis_lab.effects.failures import error_matches
from traaviis_lab.errors import DefinitionError

from .asking import chart_asking, error, result, until


@pytest.fixture(scope="module")
def server():
    with LocalServer() as running:
        yield running


@pytest.fixture
def lab(server):
    with Lab(hosts=[server.host]) as opened:
        yield opened


def test_a_request_goes_out_as_it_says_and_its_answer_comes_back(lab, server):
    told = result(
        lab,
        fx.call_api(
            "post",
            server.url + "/echo?a=1",
            headers={"X-Mine": "yes"},
            params={"b": "{{ data.b }}"},
            json={"n": "{{ data.n + 1 }}"},
        ),
        {"b": "2 3", "n": 1},
    )
    assert (told["status"], told["headers"]) == (200, {"content-type": "application/json"})
    seen = told["json"]
    assert (seen["method"], seen["params"], seen["json"]) == (
        "POST",
        {"a": "1", "b": "2 3"},
        {"n": 2},
    )
    assert seen["headers"]["x-mine"] == "yes"
    assert seen["headers"]["user-agent"] == "traaviis-lab"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/text", {"text": "grüße"}),
        ("/broken", {"text": '{"a": '}),
        ("/gzip/50", {"text": "x" * 50}),
    ],
)
def test_what_is_no_json_is_text(lab, server, path, told):
    got = result(lab, fx.call_api("GET", server.url + path))
    assert {k: v for k, v in got.items() if k in ("json", "text")} == told


def test_bytes_of_no_kind_are_still_json_in_the_journal(lab, server):
    assert len(result(lab, fx.call_api("GET", server.url + "/binary"))["text"]) > 128
    assert result(lab, fx.call_api("HEAD", server.url + "/big/9", max_bytes=1))["text"] == ""
    assert (
        result(lab, fx.call_api("PUT", server.url + "/echo", body="grüße"))["json"]["text"]
        == "grüße"
    )


@pytest.mark.parametrize(
    ("expect", "fine"), [((), False), ("4xx", True), (404, True), ([200, "5xx"], False)]
)
def test_which_statuses_are_a_failure(lab, server, expect, fine):
    effect = fx.call_api("GET", server.url + "/status/404", expect=expect)
    if fine:
        assert result(lab, effect)["status"] == 404
        return
    told = error(lab, effect)
    assert (told["kind"], told["status"]) == ("ApiFailed", 404)
    assert told["message"] == f'GET {server.host}/status/404 answered 404: {{"status": 404}}'
    assert "expect=['2xx', 404]" in told["hint"]


def test_redirects_are_not_followed_and_cookies_not_kept(lab, server):
    told = error(lab, fx.call_api("GET", server.url + "/moved"))
    assert told["status"] == 302
    assert "'/echo'; redirects are not followed" in told["hint"]
    result(lab, fx.call_api("GET", server.url + "/cookie"))
    assert "cookie" not in result(lab, fx.call_api("GET", server.url + "/echo"))["json"]["headers"]


@pytest.mark.parametrize("path", ["/big/1001", "/gzip/1001"])
def test_an_answer_that_is_too_large_is_cut_off(lab, server, path):
    told = error(lab, fx.call_api("GET", server.url + path, max_bytes=1000))
    assert (told["kind"], told["status"]) == ("ApiFailed", 200)
    assert "larger than 1,000 bytes" in told["message"]
    assert result(
        lab, fx.call_api("GET", server.url + path.replace("1001", "1000"), max_bytes=1000)
    )


def test_a_request_that_takes_too_long_is_a_timeout(lab, server):
    server.slow("late", 30)
    told = error(lab, fx.call_api("GET", server.url + "/late", timeout="50ms"))
    assert (told["kind"], told["message"]) == (
        "EffectTimeout",
        f"GET {server.host} took longer than 0.05 seconds.",
    )


def test_a_service_that_is_not_there_is_said(lab):
    lab.allow_host("127.0.0.1:9")
    told = error(lab, fx.call_api("GET", "http://127.0.0.1:9/"))
    assert told["kind"] == "NoAnswer"
    assert all(error_matches((word,), told) for word in ("ApiFailed", "OSError", "ConnectError"))
    assert "status" not in told
    assert told["message"].startswith("GET 127.0.0.1:9: ConnectError")
    assert "ConnectError" in [one["kind"] for one in told["chain"]]


def test_a_request_that_is_cancelled_closes_its_connection(lab, server):
    server.slow("late", 30)
    asked_before = server.asked("late")
    run = lab.start(chart_asking(fx.call_api("GET", server.url + "/late")))
    until(lambda: server.asked("late") > asked_before)
    run.send("leave")
    client = lab._engine.http._client.result()
    until(lambda: not client._transport._pool.connections)
    assert run.state == "failed"


def test_the_same_wish_has_the_same_key_and_only_where_it_matters(lab, server):
    def keyed(method, **more):
        headers = result(lab, fx.call_api(method, server.url + "/echo", **more))["json"]["headers"]
        return headers.get("idempotency-key")

    assert keyed("GET") is None
    assert keyed("DELETE") is None
    assert keyed("POST").endswith(":1/0")
    assert keyed("PATCH", headers={"idempotency-key": "mine"}) == "mine"
    assert result(lab, fx.call_api("POST", server.url + "/pay", json={"amount": 1}))["json"]["ok"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com/x", "example.com"),
        ("http://example.com:8080/x", "example.com:8080"),
        ("http://127.0.0.1.nip.example/", "127.0.0.1.nip.example"),
        ("http://[::1]:5/", "::1:5"),
        ("HTTP://LOCALHOST/", "localhost"),
    ],
)
def test_no_host_may_be_called_until_it_is_allowed(lab, url, host):
    told = error(lab, fx.call_api("GET", url))
    assert told["kind"] == "PermissionDenied"
    assert repr(host) in told["message"]
    assert f"lab.allow_host({host!r})" in told["hint"]


@pytest.mark.parametrize("url", ["{{ data.url }}", "http://{{ data.host }}/"])
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1@evil.example", "evil.example#127.0.0.1"]
)
def test_data_does_not_choose_a_host_that_is_not_allowed(lab, server, url, host):
    told = error(lab, fx.call_api("GET", url), {"url": f"http://{host}/", "host": host})
    assert told["kind"] in ("PermissionDenied", "DefinitionError")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "ftp://h/"}, "'ftp://h/' is no URL"),
        ({"url": "http:///x"}, "is no URL"),
        ({"url": "http://ann:pw@h/"}, "'h/' is no URL"),
        ({"url": "//h/"}, "is no URL"),
        ({"url": "http://$secret{HOST}/"}, "is no URL"),
        ({"method": "TRACE"}, "method is 'TRACE'"),
        ({"timeout": "0s"}, "a duration above 0"),
        ({"timeout": "soon"}, "timeout is 'soon'"),
        ({"max_bytes": 0}, "max_bytes is 0"),
        ({"expect": ["ok"]}, "'ok' is none"),
        ({"headers": {"Host": "x"}}, "the header 'Host' is the engine's"),
        ({"json": 1, "body": "x"}, "json and body are both there"),
        ({"repeat": "twice"}, "repeat is 'twice'"),
        ({"params": []}, "params is a list of 0"),
        ({"json": {"a": {"secret": "{{ data.x }}"}}}, "json.a asks for the secret"),
        ({"headers": {"X": "$secret{A} {{ data.x }}"}}, "headers.X holds a secret and a template"),
    ],
)
def test_what_makes_no_sense_is_refused_when_it_is_written(fields, said):
    with pytest.raises(DefinitionError) as caught:
        fx.CallApi(**{"method": "GET", "url": "http://h/", **fields})
    assert said in str(caught.value)
    assert "pw" not in str(caught.value)


def test_a_lab_without_a_request_has_no_httpx(lab):
    lab.register(lambda: 1, "one")
    assert result(lab, fx.call("one")) == 1
    assert lab._engine.http._client is None


def test_httpx_says_nothing_of_our_requests(lab, server, caplog):
    caplog.set_level(logging.DEBUG)
    lab.secrets["TOKEN"] = "a-long-secret"
    result(lab, fx.call_api("GET", server.url + "/echo", params={"t": "$secret{TOKEN}"}))
    assert not [r for r in caplog.records if r.name.startswith("httpx")]
    assert "a-long-secret" not in caplog.text


def test_every_attempt_at_one_payment_has_the_same_key(lab, server):
    pay = fx.call_api("POST", server.url + "/pay", json={"amount": 7})
    server.lose("pay")
    server.fail("pay", times=1)
    before = len(server.ledger)
    twice = fx.sequence(*[fx.retry(pay, attempts=4, delay="1ms", backoff="constant")] * 2)
    assert [one["json"]["ok"] for one in result(lab, twice)] == [True, True]
    keys = [r["headers"]["idempotency-key"] for r in server.requests if r["json"] == {"amount": 7}]
    assert len(keys) == 4
    assert len(set(keys)) == 2
    assert len(server.ledger) == before + 2
