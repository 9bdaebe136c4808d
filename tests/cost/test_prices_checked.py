"""The snapshot beside `genai-prices`, which others keep: the same cost for the same usage."""

import pytest

from traaviis_lab.cost import Usage
from traaviis_lab.cost.prices import Prices

genai_prices = pytest.importorskip("genai_prices")

SAME = (
    "openai/gpt-4o", "openai/gpt-4o-mini", "openai/gpt-4.1", "openai/gpt-4.1-mini", "openai/gpt-4.1-nano",
    "openai/o3", "openai/o4-mini", "openai/gpt-5", "openai/gpt-5-mini", "openai/gpt-5-nano",
    "openai/gpt-3.5-turbo", "openai/gpt-4-turbo", "anthropic/claude-sonnet-4-5",
    "anthropic/claude-haiku-4-5", "anthropic/claude-opus-4-5", "gemini/gemini-2.5-pro",
    "gemini/gemini-2.5-flash", "gemini/gemini-2.5-flash-lite", "mistral/mistral-small-latest",
)  # fmt: skip
USAGES = (
    Usage(1_000, 500),
    Usage(150_000, 2_000),
    Usage(10_000, 300, cache_read=8_000),
    Usage(10_000, 300, cache_read=2_000, cache_write=3_000),
    Usage(1_000, 900, reasoning=600),
    Usage(250_000, 1_000),
)
DISAGREE = {
    # They list a second price for prompts over 200,000 tokens, litellm's map one for all.
    ("anthropic/claude-sonnet-4-5", USAGES[5]),
}
OTHERWISE = {
    # What is behind these names has changed, and the two do not follow at the same time.
    "mistral/mistral-large-latest", "deepseek/deepseek-chat", "deepseek/deepseek-reasoner",
}  # fmt: skip
CALLED = {"gemini": "google"}


def theirs(name, used):
    provider, _, model = name.partition("/")
    usage = genai_prices.Usage(
        input_tokens=used.tokens_in,
        output_tokens=used.tokens_out,
        cache_read_tokens=used.cache_read or None,
        cache_write_tokens=used.cache_write or None,
    )
    found = genai_prices.calc_price(
        usage, model_ref=model, provider_id=CALLED.get(provider, provider)
    )
    return float(found.total_price)


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("used", USAGES, ids=str)
def test_the_same_usage_costs_the_same(name, used):
    ours = Prices().find(name).cost(used)
    if (name, used) in DISAGREE:
        assert ours != pytest.approx(theirs(name, used), rel=0.01), "they agree by now: take it out"
    else:
        assert ours == pytest.approx(theirs(name, used), rel=1e-6)


@pytest.mark.parametrize("name", sorted(OTHERWISE))
def test_where_the_two_are_known_to_disagree(name):
    usual = Usage(1_000, 500)
    assert Prices().find(name).cost(usual) != pytest.approx(theirs(name, usual), rel=0.01)
