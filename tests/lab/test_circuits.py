"""What effects share, as tables of the lab."""

import pytest

from traaviis_lab import Lab, ToldClock
from traaviis_lab.effects import Permit
from traaviis_lab.errors import CircuitOpen, LabError

BREAKER = Permit("circuit_breaker", "pay", {"failures": 1, "reset": 10.0, "probes": 1, "on": []})
OTHER = Permit("circuit_breaker", "mail", {"failures": 3, "reset": 10.0, "probes": 1, "on": []})
LIMIT = Permit("rate_limit", "api", {"limit": 5, "per": 60.0})
BULKHEAD = Permit("bulkhead", "api", {"limit": 2, "queue": 0})
CACHE = Permit("cache", "prices", {"ttl": 10.0}, "a")


@pytest.fixture
def clock():
    return ToldClock()


@pytest.fixture
def lab(clock):
    with Lab(clock=clock) as opened:
        yield opened


def ask(lab, permit, path="1/0"):
    return lab._thread.wait_for(lab._engine.shared.ask("r", path, permit, "t"))


def leave(lab, permit, outcome, value=None):
    lab._thread.ask(lambda: lab._engine.shared.leave("r", "1/0", permit, outcome, value))


def test_circuits_are_a_table_that_says_since_when_and_until_when(lab, clock):
    ask(lab, BREAKER)
    clock.advance(5)
    leave(lab, BREAKER, "failed", {"kind": "EffectError", "message": "no answer"})
    with pytest.raises(CircuitOpen):
        ask(lab, BREAKER)
    ask(lab, OTHER)
    mail, pay = lab.circuits().to_dict("records")
    assert (mail["name"], mail["state"], mail["opens_after"], mail["under_way"]) == (
        "mail", "closed", 3, 1,
    )  # fmt: skip
    assert str(mail["opened"]) == "NaT"
    assert (pay["state"], pay["failures"], pay["refused"]) == ("open", 1, 1)
    assert pay["last_error"] == "EffectError: no answer"
    assert str(pay["opened"]) == "2026-01-01 00:00:05"
    assert str(pay["probes_at"]) == "2026-01-01 00:00:15"
    clock.advance(10)
    assert list(lab.circuits()["state"]) == ["closed", "half_open"]


def test_a_circuit_is_closed_by_hand(lab):
    ask(lab, BREAKER)
    leave(lab, BREAKER, "failed", {})
    assert list(lab.circuits()["state"]) == ["open"]
    lab.reset_circuit("pay")
    assert list(lab.circuits()["state"]) == ["closed"]
    with pytest.raises(LabError, match="No circuit 'other'"):
        lab.reset_circuit("other")


def test_limits_and_bulkheads_are_one_table(lab, clock):
    for n in range(2):
        ask(lab, LIMIT, f"{n}/0")
        ask(lab, BULKHEAD, f"{n}/1")
    with pytest.raises(LabError, match="full"):
        ask(lab, BULKHEAD, "9/1")
    table = lab.limits()
    assert table.drop(columns="per").to_dict("split")["data"] == [
        ["bulkhead", "api", 2, 2, 0, 2, 0, 1, "t"],
        ["rate_limit", "api", 5, 2, 0, 2, 0, 0, "t"],
    ]
    assert table["per"][1] == 60.0
    clock.advance(60)
    assert list(lab.limits()["in_use"]) == [2, 0]


def test_caches_are_a_table_and_can_be_cleared(lab):
    ask(lab, CACHE)
    leave(lab, CACHE, "completed", "value")
    assert ask(lab, CACHE)["hit"]
    row = lab.caches().to_dict("records")[0]
    assert row == {
        "name": "prices", "entries": 1, "bytes": 7, "hits": 1, "misses": 1, "evicted": 0,
        "fetching": 0, "waiting": 0, "tenant": "t",
    }  # fmt: skip
    assert lab.clear_cache("prices") == 1
    assert not ask(lab, CACHE)["hit"]
    with pytest.raises(LabError, match="No cache 'default'"):
        lab.clear_cache()


def test_where_nothing_is_shared_the_tables_are_empty_and_have_their_columns(lab):
    assert list(lab.circuits().columns[:3]) == ["name", "state", "failures"]
    assert list(lab.limits().columns[:3]) == ["kind", "name", "limit"]
    assert list(lab.caches().columns[:3]) == ["name", "entries", "bytes"]
    assert [len(one) for one in (lab.circuits(), lab.limits(), lab.caches())] == [0, 0, 0]
    assert lab.circuits()["opened"].dtype.kind == "M"


def test_a_lab_that_is_closed_says_so(lab):
    lab.close()
    with pytest.raises(LabError, match="closed"):
        lab.circuits()
