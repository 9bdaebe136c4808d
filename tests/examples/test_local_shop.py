"""The shop of the examples does what it is asked once, also where nobody hears its answer."""

import http.client
import json
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def shop(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    from local_shop import LocalShop

    with LocalShop(kettles=3, pages=9) as opened:
        yield opened


def ask(shop, what, key="", *, method="POST", **body):
    line = http.client.HTTPConnection(shop.host, timeout=30)
    try:
        headers = {"Idempotency-Key": key} if key else {}
        line.request(method, f"/{what}", json.dumps(body) if body else None, headers)
        answer = line.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        line.close()


def test_what_is_asked_twice_with_one_key_is_done_once(shop):
    first = ask(shop, "pay", "k1", order="A", amount=30)
    assert first == ask(shop, "pay", "k1", order="A", amount=30) == (200, first[1])
    assert shop.told("A") == "pay 30"
    ask(shop, "pay", "k2", order="A", amount=30)
    assert shop.money("A") == 60


def test_an_answer_that_is_lost_was_done_and_one_that_failed_was_not(shop):
    shop.lose("pay")
    with pytest.raises(http.client.RemoteDisconnected):
        ask(shop, "pay", "k1", order="A", amount=30)
    assert shop.money("A") == 30
    shop.fail("ship", times=1)
    assert ask(shop, "ship", "k2", order="A")[0] == 503
    assert shop.told("A") == "pay 30"
    assert ask(shop, "ship", "k2", order="A")[0] == 200


def test_only_what_was_taken_is_given_back(shop):
    assert ask(shop, "reserve", order="A", amount=4)[0] == 409
    assert ask(shop, "release", order="A") == (200, {"amount": 0})
    ask(shop, "reserve", order="A", amount=2)
    assert shop.stock == 1
    assert [ask(shop, "release", order="A")[1]["amount"] for _ in range(2)] == [2, 0]
    assert shop.stock == 3


def test_every_page_can_be_reached_and_one_link_leads_nowhere(shop):
    todo, seen = ["/page/0"], {}
    while todo:
        page = todo.pop()
        seen[page], body = ask(shop, page[1:], method="GET")
        todo += [link for link in body.get("links", ()) if link not in seen]
    assert sorted(seen) == sorted([*shop.pages, "/page/gone"])
    assert [page for page, status in seen.items() if status == 404] == ["/page/gone"]
