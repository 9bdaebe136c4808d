"""Policies: who may send which data to which models, and what is said where they may not."""

import pickle

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from traaviis_lab.errors import DefinitionError, LabError, PermissionDenied
from traaviis_lab.models import Cassette, Models, Policy, Scripted, shelf

from .asking import Far, answer


def new_models():
    made = Models()
    made.add("local", Scripted(["here"]))
    made.add("openai", Far(Scripted([])), region="us-east")
    made.add("azure", Far(Scripted([])), region="eu-west")
    made.add("vllm", Far(Scripted([])), on_prem=True)
    return made


@pytest.fixture
def models():
    return new_models()


def allowed(models, tenant="acme", labels=()):
    found = set()
    for name in ("local/a", "openai/gpt-4o", "openai/gpt-3", "azure/gpt-4o", "vllm/llama"):
        try:
            models.route(name, tenant, labels)
            found.add(name)
        except PermissionDenied:
            pass
    return found


EVERYTHING = {"local/a", "openai/gpt-4o", "openai/gpt-3", "azure/gpt-4o", "vllm/llama"}


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        ({}, EVERYTHING),
        ({"providers": ["local", "az*"]}, {"local/a", "azure/gpt-4o"}),
        ({"providers": "vllm"}, {"vllm/llama"}),
        ({"models": ["*/gpt-4*"]}, {"openai/gpt-4o", "azure/gpt-4o"}),
        ({"models": ["gpt-4o"]}, set()),
        ({"regions": ["eu-*"]}, {"local/a", "azure/gpt-4o"}),
        ({"on_prem_only": True}, {"local/a", "vllm/llama"}),
        ({"air_gapped": True}, {"local/a"}),
        ({"providers": ["openai"], "models": ["azure/*"]}, set()),
    ],
)
def test_a_rule_leaves_these(models, rule, left):
    models.allow(**rule)
    assert allowed(models) == left


def test_a_tenants_and_a_labels_rules_have_to_agree(models):
    models.allow("acme", providers=["openai", "local"])
    models.allow(label="health", on_prem_only=True)
    models.allow("acme", "health", models=["local/b"])
    assert allowed(models, "acme") == {"local/a", "openai/gpt-4o", "openai/gpt-3"}
    assert allowed(models, "other") == EVERYTHING
    assert allowed(models, "other", {"health", "note"}) == {"local/a", "vllm/llama"}
    assert allowed(models, "acme", ["health"]) == set()
    assert allowed(models, "other", "health") == {"local/a", "vllm/llama"}
    assert allowed(models, "other", "unhealthy") == EVERYTHING


def test_a_rule_is_replaced_and_taken_back(models):
    models.allow("acme", air_gapped=True)
    models.allow("acme", on_prem_only=True)
    assert allowed(models) == {"local/a", "vllm/llama"}
    assert models.policies.table() == [{"tenant": "acme", "label": None, "on_prem_only": True}]
    models.allow("acme")
    assert allowed(models) == EVERYTHING
    assert not models.policies


def test_the_whole_lab_can_be_closed_to_the_outside(models):
    models.air_gapped = True
    assert allowed(models) == {"local/a"}
    with pytest.raises(PermissionDenied, match="everybody in this lab"):
        models.route("vllm/llama", "acme")


def test_the_refusal_says_whose_rule_it_is_and_what_would_do(models):
    models.allow(label="health", regions=["eu-*"])
    with pytest.raises(PermissionDenied) as caught:
        models.route("openai/gpt-4o", "acme", {"health", "draft"})
    assert str(caught.value) == (
        "The model 'openai/gpt-4o' may not be asked for tenant 'acme' with data labelled "
        "draft, health: the policy for data labelled 'health' refuses it."
    )
    assert caught.value.hint == "Regions allowed: eu-*; this provider is in 'us-east'."
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    with pytest.raises(PermissionDenied) as caught:
        models.route("vllm/llama", "acme", {"health"})
    assert "added without a region" in caught.value.hint


def test_an_alias_is_no_way_around(models):
    models.alias("safe", "openai/gpt-4o")
    models.alias("local/a", "openai/gpt-4o")
    models.allow(providers=["local"])
    for name in ("safe", "local/a"):
        with pytest.raises(PermissionDenied, match="'openai/gpt-4o'"):
            models.route(name, "acme")


@pytest.mark.parametrize("name", ["Local/a", "LOCAL/a"])
def test_capital_letters_are_no_way_around(models, name):
    models.add(name.partition("/")[0], Far(Scripted([])))
    models.allow(providers=["local"])
    with pytest.raises(PermissionDenied):
        models.route(name, "acme")


@pytest.mark.parametrize(
    "wrong",
    [
        {"providers": []},
        {"models": set()},
        {"regions": [""]},
        {"providers": [3]},
        {"air_gapped": "no"},
        {"on_prem_only": None},
        {"tenant": ""},
        {"label": 3},
    ],
)
def test_a_rule_that_is_none_is_refused_and_opens_nothing(models, wrong):
    models.allow(providers=["local"])
    with pytest.raises(DefinitionError):
        models.allow(**wrong)
    assert allowed(models) == {"local/a"}


def test_a_rule_cannot_be_changed_behind_our_back():
    mine = ["local"]
    policy = Policy(providers=mine)
    mine.append("*")
    assert policy.providers == ("local",)
    with pytest.raises(AttributeError):
        policy.air_gapped = False


def test_recorded_answers_go_where_asking_may_not(models, tmp_path):
    path = tmp_path / "talk.jsonl"
    far = Far(Scripted(["recorded"]))
    models.add("openai", far)
    models.insert(Cassette(path))
    answer(models.route("openai/gpt-4o", "acme").provider)
    models.insert(Cassette(path))
    models.air_gapped = True
    route = models.route("openai/gpt-4o", "acme")
    assert route.provider.source == "recorded"
    assert answer(route.provider).text == "recorded"
    assert far.asked == 1
    with pytest.raises(Exception, match="recorded once, and is asked once more"):
        answer(route.provider)
    assert far.asked == 1, "a miss asks nobody outside"
    with pytest.raises(PermissionDenied):
        models.route("openai/gpt-3", "acme")
    models.insert(Cassette(path, "record"))
    with pytest.raises(PermissionDenied):
        models.route("openai/gpt-4o", "acme")
    models.eject()


def test_a_model_that_is_not_allowed_is_not_replayed_either(models, tmp_path):
    models.insert(Cassette(tmp_path / "talk.jsonl"))
    answer(models.route("local/a", "acme").provider)
    models.insert(Cassette(tmp_path / "talk.jsonl", "replay"))
    models.allow(providers=["vllm"])
    with pytest.raises(PermissionDenied, match="'local/a'"):
        models.route("local/a", "acme")


def close_or_open(models):
    models.air_gapped = not models.air_gapped


def move_out(models):
    """A provider that is not any more what it was when it was added."""
    models._shelf["local"].provider.source = "live"


CHANGES = [
    lambda one: one.allow("acme", on_prem_only=True),
    lambda one: one.allow("acme"),
    lambda one: one.allow(label="health", providers=["azure", "local"]),
    lambda one: one.allow(label="health"),
    lambda one: one.allow(models=["*/gpt-4o", "*/a"]),
    lambda one: one.allow(),
    lambda one: one.alias("vllm/llama", "openai/gpt-3"),
    lambda one: one.alias("vllm/llama", "azure/gpt-4o"),
    lambda one: one.add("openai", Far(Scripted([])), region="eu-north"),
    lambda one: one.add("openai", Far(Scripted([])), on_prem=True),
    lambda one: one.remove("azure") if "azure" in one else None,
    lambda one: one.add("azure", Scripted([])),
    close_or_open,
    lambda one: setattr(one, "default", "openai/gpt-4o"),
    lambda one: setattr(one, "default", "local/a"),
    move_out,
    lambda one: setattr(one._shelf["openai"].provider, "source", "local"),
]


def verdicts(models):
    """What is said of each name, tenant and data: who answers from where, or why nobody does."""
    told = {}
    for name in ("", "local/a", "openai/gpt-4o", "openai/gpt-3", "azure/gpt-4o", "vllm/llama"):
        for tenant in ("acme", "other"):
            for labels in ((), "health", ["health", "note"], {"note"}):
                try:
                    route = models.route(name, tenant, labels)
                except LabError as error:
                    said = str(error)
                else:
                    assert route.provider is models._shelf[route.provider_name]
                    said = (route.name, route.model, route.provider.region)
                told[name, tenant, str(sorted(labels))] = said
    return told


@example([close_or_open, move_out])
@example([close_or_open, close_or_open])
@given(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_who_was_asked_before_is_told_the_same_as_who_never_was(changes):
    old = new_models()
    for count in range(len(changes) + 1):
        fresh = new_models()
        for change in changes[:count]:
            change(fresh)
        if count:
            changes[count - 1](old)
        assert verdicts(old) == verdicts(fresh)
        assert verdicts(old) == verdicts(fresh), "and once more, from memory"


def test_a_cassette_is_asked_anew_each_time(models, tmp_path):
    plain = models.route("local/a", "acme").provider
    models.insert(Cassette(tmp_path / "talk.jsonl"))
    assert models.route("local/a", "acme").provider is not plain
    models.eject()
    assert models.route("local/a", "acme").provider is plain


def test_only_so_many_routes_are_remembered(models, monkeypatch):
    monkeypatch.setattr(shelf, "MOST_ROUTES", 3)
    for number in range(10):
        assert models.route(f"openai/m{number}", "acme").model == f"m{number}"
        assert len(models._routes) <= 3
