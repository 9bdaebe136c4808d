"""What tokens cost: each sort, long prompts, the most, and what is no price."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.cost import Usage
from traaviis_lab.cost.price import FREE, Price
from traaviis_lab.cost.price_rows import from_row, prices_in, to_row
from traaviis_lab.cost.price_sources import newer, packaged, snapshot
from traaviis_lab.cost.prices import Prices
from traaviis_lab.errors import DefinitionError

MINI = "openai/gpt-4o-mini"


def test_each_sort_of_token_has_its_price():
    price = Price(2.0, 10.0, cache_read=0.5, cache_write=2.5, reasoning=20.0)
    used = Usage(tokens_in=1000, tokens_out=300, cache_read=600, cache_write=100, reasoning=200)
    by_hand = 300 * 2.0 + 600 * 0.5 + 100 * 2.5 + 100 * 10.0 + 200 * 20.0
    assert price.cost(used) == pytest.approx(by_hand / 1e6)


amounts = st.floats(0, 100) | st.integers(0, 100)
perhaps = st.none() | amounts
counts = st.integers(0, 10**6)


@given(st.tuples(amounts, amounts, perhaps, perhaps, perhaps), st.tuples(*5 * [counts]))
def test_a_call_costs_the_sum_of_its_sorts(told, used):
    read, said, old, kept, thought = told
    fresh, cache_read, cache_write, spoken, reasoning = used
    usage = Usage(fresh + cache_read + cache_write, spoken + reasoning, *used[1:3], reasoning)
    price = Price(*told)
    by_hand = (
        fresh * read
        + cache_read * (read if old is None else old)
        + cache_write * (read if kept is None else kept)
        + spoken * said
        + reasoning * (said if thought is None else thought)
    )
    assert price.cost(usage) == by_hand / 1e6
    free = not any(told)
    assert price.is_zero == free
    assert not free or price.cost(usage) == 0


def test_what_has_no_price_of_its_own_is_charged_as_usual():
    assert Price(2.0, 10.0).cost(Usage(100, 50, 40, 10, 20)) == Price(2.0, 10.0).cost(
        Usage(100, 50)
    )


def test_a_long_prompt_is_charged_by_its_own_price():
    price = Price(1.0, 2.0, beyond=100, long=Price(3.0, 4.0))
    assert price.cost(Usage(100, 10)) == pytest.approx(120 / 1e6)
    assert price.cost(Usage(101, 10)) == pytest.approx((303 + 40) / 1e6)


@pytest.mark.parametrize(
    "used", [Usage(5000, 100), Usage(5000, 100, 5000), Usage(5000, 100, 0, 5000), Usage(5000, 100, 1, 2, 100)]
)  # fmt: skip
@pytest.mark.parametrize("name", [MINI, "anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-pro"])
def test_no_usage_costs_more_than_the_worst(name, used):
    price = Prices().find(name)
    assert price.cost(used) <= price.worst(used.tokens_in, used.tokens_out) + 1e-12


@pytest.mark.parametrize("amount", [-0.1, math.nan, math.inf, "1", None, True])
def test_what_is_no_price_is_refused(amount):
    with pytest.raises(DefinitionError, match="is no price"):
        Price(amount, 1.0)
    with pytest.raises(DefinitionError):
        Prices().set(MINI, input=1.0, output=1.0, cache_read=amount if amount is not None else "x")


def test_a_price_of_zero_has_to_be_said():
    prices = Prices()
    with pytest.raises(DefinitionError, match="not known"):
        prices.set("house/model", input=0)
    assert prices.find("house/model") is None
    assert prices.set("house/model", input=0, output=0).is_zero
    assert prices.find("house/model").cost(Usage(10**6, 10**6)) == 0.0


def test_one_tenant_may_have_a_price_of_its_own():
    prices = Prices()
    listed = prices.find(MINI)
    prices.set(MINI, input=0.1, tenant="acme")
    assert prices.find(MINI, "acme").input == 0.1
    assert prices.find(MINI, "acme").output == listed.output
    assert "acme" in prices.find(MINI, "acme").source
    assert prices.find(MINI) == prices.find(MINI, "other") == listed
    prices.forget(MINI, "acme")
    assert prices.find(MINI, "acme") == listed


def test_what_nobody_lists_is_unknown_and_not_free():
    assert Prices().find("openai/gpt-99") is None
    assert Prices().find("house/gpt-4o-mini") is None
    assert Prices().find("litellm/openai/gpt-4o-mini") == Prices().find(MINI)


def test_models_in_this_process_cost_nothing_unless_a_person_says_so():
    prices = Prices()
    assert prices.of_call("local/smollm2", "t", "local") is FREE
    assert prices.of_call("local/smollm2", "t", "live") is None
    prices.set("local/smollm2", input=1, output=1)
    assert prices.of_call("local/smollm2", "t", "local").input == 1


@pytest.mark.parametrize("name", ["gpt-4o", "", "/", 3])
def test_a_price_is_of_a_model(name):
    with pytest.raises(DefinitionError, match="names no model"):
        Prices().set(name, input=1, output=1)


def test_the_snapshot_says_where_it_is_from_and_when():
    kept = snapshot()
    assert kept["source"] == "litellm"
    assert len(kept["as_of"]) == 10
    assert len(kept["rows"]) > 300
    price = packaged(kept)[MINI]
    assert (price.source, price.as_of) == (f"litellm {kept['version']}", kept["as_of"])
    assert all(to_row(from_row(row, "", "")) == row for row in kept["rows"].values())


def test_litellms_map_is_read_with_care():
    rows = dict(prices_in({
        "a": {"mode": "chat", "litellm_provider": "openai", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6},
        "nobody knows": {"mode": "chat", "litellm_provider": "openai", "input_cost_per_token": 0, "output_cost_per_token": 0},
        "odd": {"mode": "chat", "litellm_provider": "openai", "input_cost_per_token": "1"},
        "picture": {"mode": "image_generation", "input_cost_per_token": 1},
        "none": None,
    }))  # fmt: skip
    assert list(rows) == ["openai/a"]
    assert (rows["openai/a"].input, rows["openai/a"].output) == (1.0, 2.0)


class Installed:
    version = "999.1"

    def __init__(self, path):
        self.path = path

    def locate_file(self, name):
        return self.path


def test_a_newer_litellm_is_believed_and_an_older_or_broken_one_is_not(tmp_path, monkeypatch):
    told = {
        "gpt-4o-mini": {
            "mode": "chat",
            "litellm_provider": "openai",
            "input_cost_per_token": 9e-6,
            "output_cost_per_token": 9e-6,
        }
    }
    path = tmp_path / "map.json"
    path.write_text(json.dumps(told))
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: Installed(path))
    assert newer("1.2.3")[MINI].input == 9.0
    assert Prices().find(MINI).source == "litellm 999.1"
    assert newer("999.1") == newer("1000") == {}
    path.write_text("{")
    assert newer("1.2.3") == {}
    assert Prices().find(MINI).input == 0.15


def test_a_provider_under_another_name_costs_what_its_models_cost():
    prices = Prices()
    prices.list_as("cloud", "")
    prices.list_as("work", "openai")
    assert prices.find("cloud/openai/gpt-4o-mini") == prices.find(MINI) is not None
    assert prices.find("cloud/gpt-4o-mini") == prices.find(MINI)
    assert prices.find("work/gpt-4o-mini") == prices.find(MINI)
    assert prices.find("work/openai/gpt-4o-mini") is None
    prices.list_as("work", None)  # somebody else answers under this name now
    assert prices.find("work/gpt-4o-mini") is None


@pytest.mark.parametrize(
    ("bare", "whole"),
    [("claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"), ("gemini-2.5-pro", "vertex_ai/gemini-2.5-pro")],
)  # fmt: skip
def test_litellm_needs_no_provider_in_front_of_what_it_knows(bare, whole):
    prices = Prices()
    assert prices.find(f"litellm/{bare}") == prices.find(whole) is not None


def test_a_price_may_be_a_number_out_of_a_table():
    price = Prices().set(
        "house/model", input=np.float64(0.5), output=np.int64(2), max_output=np.int32(9)
    )
    assert (price.input, price.output, price.max_output) == (0.5, 2, 9)
    assert {type(price.input), type(price.output), type(price.max_output)} == {float, int}
    with pytest.raises(DefinitionError, match="is no price"):
        Prices().set("house/model", input=np.float64("nan"), output=1)
    with pytest.raises(DefinitionError, match="is no price"):
        Prices().set("house/model", input=np.bool_(True), output=1)
