"""Differences in a cell: a drawing and tables, nothing to fetch and nothing that runs."""

import re
from xml.etree import ElementTree

import pytest

from tests.travel.shop import shopping
from tests.views.house import HOSTILE
from traaviis_lab import Lab, Machine, State, ToldClock
from traaviis_lab.errors import NotInstalled
from traaviis_lab.travel.comparing.html import MOST_ROWS
from traaviis_lab.travel.comparing.text import MOST_ROWS as MOST_LINES


@pytest.fixture
def lab():
    with Lab(clock=ToldClock()) as opened:
        yield opened


def refuse(amount):
    raise RuntimeError("card refused")


def html_of(diff):
    bundle = diff._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}
    assert bundle["text/plain"] == str(diff)
    return bundle["text/html"]


def test_it_shows_where_they_part_the_drawing_and_the_tables(lab):
    diff = shopping(lab, "one", [("tea", 3)]).diff(shopping(lab, "two", [("tea", 3)], refuse))
    html = html_of(diff)
    assert html.count("<svg ") == 1
    assert "They part at seq" in html
    assert re.findall("<summary>(.*?)</summary>", html) == [
        "Steps around the differences",
        "Data where they stand now",
        "Effects with another answer",
        "Sums",
    ]
    assert "failed EffectError: call: RuntimeError: card refused" in html
    ElementTree.fromstring(html.replace("<details open>", "<details>"))


def test_what_is_the_same_needs_no_tables(lab):
    run = shopping(lab, "one", [("tea", 3)])
    html = html_of(run.diff(run))
    assert "They are the same: 6 steps." in html
    assert re.findall("<summary>(.*?)</summary>", html) == ["Sums"]


class Talk(Machine):
    """Takes anything said to it."""

    data = {"said": ""}
    here = State(initial=True)
    here.to(None, on="say", assign={"said": "event.text"})


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_runs_say_is_inert(lab, text):
    one, two = lab.start(Talk, id="<i>one</i>"), lab.start(Talk, id="two")
    one.send("say", text=text)
    two.send("say", text="hello")
    diff = one.diff(two)
    root = ElementTree.fromstring(html_of(diff).replace("<details open>", "<details>"))
    tags = {node.tag.rpartition("}")[2] for node in root.iter()}
    assert not tags & {"script", "img", "i", "a", "iframe"}
    assert not any(key.startswith("on") for node in root.iter() for key in node.attrib)
    assert len(html_of(diff)) < 60_000
    assert all(line.isprintable() for line in str(diff).splitlines())


def test_long_runs_are_folded_and_say_how_much_is_left_out(lab):
    one, two = lab.start(Talk, id="one"), lab.start(Talk, id="two")
    for number in range(2 * MOST_ROWS):
        one.send("say", text=f"{number}")
        two.send("say", text="same" if number < MOST_ROWS else f"{number}")
    diff = one.diff(two)
    assert str(diff).count("→ here") <= 2 * MOST_LINES
    assert html_of(diff).count("<tr") <= MOST_ROWS + 30
    assert f"{2 * MOST_ROWS + 1 - MOST_LINES:,} more" in str(diff)


def test_without_graphviz_there_are_still_the_tables(lab, monkeypatch):
    from traaviis_lab.travel.comparing import diff as room

    def missing(*args, **settings):
        raise NotInstalled("Graphviz is missing.", hint="pip install graphviz")

    diff = shopping(lab, "one", [("tea", 3)]).diff(shopping(lab, "two", []))
    monkeypatch.setattr(room, "to_svg", missing)
    html = html_of(diff)
    assert "No drawing: Graphviz is missing." in html
    assert "Data where they stand now" in html
