"""What was foreseen against what came: paired from the journal, by call, state, run and batch."""

import pytest

from traaviis_lab import Lab, Machine, State
from traaviis_lab import effects as fx
from traaviis_lab.errors import LabError

SAID = {"short": "one two", "long": "one two three four five six seven eight nine ten " * 3}


class Say(Machine):
    """Says something of a known length."""

    data = {"size": "short"}
    saying = State(initial=True, enter=fx.call_llm("s/m", "{{ data.size }}"))
    over = State(final=True)
    saying.to(over, on="done.invoke.saying")


@pytest.fixture
def lab():
    with Lab() as made:
        made.models.scripted("s", lambda request: SAID[request.messages[-1]["content"]])
        made.prices.set("s/m", input=1.0, output=1.0, max_output=100)
        yield made


def of(table, level, unit):
    return table.set_index(["level", "unit"]).loc[(level, unit)]


def test_with_nothing_to_compare_it_says_so(lab):
    made = lab.calibration()
    assert "nothing was foreseen" in repr(made)
    assert made.table().empty
    assert made.frame().empty
    assert made.trend().empty
    lab.start(Say)
    assert lab.calibration(level="run").table().empty


def test_estimates_get_better_with_what_they_see(lab):
    for _ in range(50):
        lab.estimate(Say)
        lab.start(Say).wait()
    table = lab.calibration().table()
    for level in ("call", "state", "run"):
        row = of(table, level, "tokens")
        assert row["pairs"] == 50
        assert row["median_error"] == 0.0
    assert of(table, "call", "usd")["within_p90"] == 1.0
    assert of(table, "batch", "tokens")["pairs"] == 1
    first = lab.calibration(level="call").frame()
    assert first[first["unit"] == "tokens"]["error"].iloc[0] > 1  # the prior, far too much


def test_errors_are_what_they_are(lab):
    guess = lab.estimate(Say)
    lab.start(Say, estimate=guess).wait()
    came = lab.sql("select tokens_in + tokens_out as n, cost_usd from model_calls").iloc[0]
    pair = lab.calibration(level="run").frame().set_index("unit")
    assert pair.loc["tokens", "actual"] == came["n"]
    assert pair.loc["usd", "actual"] == pytest.approx(came["cost_usd"])
    told = guess.tokens_in.expected + guess.tokens_out.expected
    assert pair.loc["tokens", "error"] == pytest.approx((told - came["n"]) / came["n"], rel=1e-4)


def test_the_trend_shows_a_change(lab):
    for size in ("short",) * 20 + ("long",) * 4:
        lab.start(Say, data={"size": size}).wait()
    trend = lab.calibration(Say).trend("call", "tokens", window=4)
    assert trend["median_error"].iloc[18] == 0
    assert trend["median_error"].iloc[-1] > 0.5
    assert "call" in repr(lab.calibration(Say))
    assert "<table>" in lab.calibration("Say")._repr_html_()


def test_a_run_answers_for_its_children(lab):
    class Around(Machine):
        """Has it said by another machine."""

        asking = State(initial=True, enter=fx.invoke_fsm("Say", {"size": "long"}))
        over = State(final=True)
        asking.to(over, on="done.invoke.asking")

    lab.add(Say)
    lab.start(Say, data={"size": "long"}).wait()
    made = lab.estimate(Around)
    lab.start(Around, estimate=made).wait()
    pair = lab.calibration(Around, level="run").frame().set_index("unit")
    assert pair.loc["tokens", "actual"] > 0
    assert pair.loc["tokens", "error"] == pytest.approx(0, abs=0.01)


def test_only_one_machine_or_level_and_no_others(lab):
    lab.start(Say).wait()
    assert len(lab.calibration("Say", level="call").frame()) == 2  # no seconds yet
    assert lab.calibration("Other").frame().empty
    assert "of Other: nothing was foreseen" in repr(lab.calibration("Other"))
    assert "Did you mean 'Say'?" in repr(lab.calibration("say"))
    assert "Did you mean" in lab.calibration("say")._repr_html_()
    with pytest.raises(LabError, match="'week' is not known"):
        lab.calibration(level="week")


def test_a_journal_that_is_opened_again_is_learned_from(tmp_path):
    with Lab(tmp_path / "said.duckdb") as lab:
        lab.models.scripted("s", lambda request: SAID["long"])
        for _ in range(3):
            lab.start(Say).wait()
        said = lab.sql("select max(tokens_out) as n from model_calls")["n"][0]
    with Lab(tmp_path / "said.duckdb") as again:
        again.models.scripted("s", lambda request: SAID["long"])
        assert again.estimate(Say).tokens_out.p50 == pytest.approx(said, rel=0.01)
        again.start(Say).wait()
        last = again.sql("select body->>'$.estimate.why' as why from model_calls order by time")
        assert "3 calls of this model here" in last["why"].iloc[-1]
