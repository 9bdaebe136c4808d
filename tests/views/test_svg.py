"""Pictures as SVG hold every state and transition once, and nothing that is not ours."""

import re

import pytest
from hypothesis import given

from tests.machine.charts import chart_specs, tries
from tests.views.house import (
    DOOR,
    HOSTILE,
    ODD,
    SVG,
    chart,
    drawn_states,
    drawn_transitions,
    hostile_chart,
    large,
    parsed,
)
from traaviis_lab.views import Marks, style_css, to_svg
from traaviis_lab.views.draw import picture


def classes(root, attribute, value):
    return next(n.get("class").split() for n in root.iter() if n.get(attribute) == value)


@pytest.mark.parametrize("detail", ["auto", "full", "names", "bare"])
@pytest.mark.parametrize("spec", [DOOR, ODD], ids=["door", "odd"])
def test_every_state_and_transition_is_drawn_once(spec, detail):
    drawn = chart(spec)
    root = parsed(to_svg(drawn, detail=detail))
    assert sorted(drawn_states(root)) == sorted(drawn.states)
    assert sorted(drawn_transitions(root)) == sorted(drawn.transitions)


@tries(40)
@given(chart_specs())
def test_random_charts_are_drawn_whole(spec):
    drawn = chart(spec)
    root = parsed(to_svg(drawn, standalone=False))
    assert sorted(drawn_states(root)) == sorted(drawn.states)
    assert sorted(drawn_transitions(root)) == sorted(drawn.transitions)


@tries(25)
@given(chart_specs())
def test_children_lie_inside_their_parents_and_beside_each_other(spec):
    drawn = chart(spec)
    boxes = {box.state: box for box in picture(drawn).boxes}
    for state, box in boxes.items():
        around = boxes.get(drawn.states[state].parent or "")
        if around:
            assert around.x - 0.6 <= box.x
            assert around.y - 0.6 <= box.y
            assert box.x + box.width <= around.x + around.width + 0.6
            assert box.y + box.height <= around.y + around.height + 0.6
        for other in drawn.states[state].children:
            for one in drawn.states[state].children:
                if one < other:
                    assert apart(boxes[one], boxes[other])


def apart(a, b):
    return (
        a.x + a.width <= b.x + 0.6
        or b.x + b.width <= a.x + 0.6
        or a.y + a.height <= b.y + 0.6
        or b.y + b.height <= a.y + 0.6
    )


@pytest.mark.parametrize(
    ("states", "transitions", "nest"), [(300, 900, 10), (300, 900, 0), (60, 150, 12)]
)
def test_large_charts_are_drawn_whole_and_small(states, transitions, nest):
    drawn = large(states, transitions, nest)
    svg = to_svg(drawn)
    root = parsed(svg)
    assert sorted(drawn_states(root)) == sorted(drawn.states)
    assert sorted(drawn_transitions(root)) == sorted(drawn.transitions)
    assert len(svg) < 700 * (len(drawn.transitions) + len(drawn.states))


def test_a_failed_layout_falls_back_to_plain_curves(monkeypatch):
    from traaviis_lab.errors import LayoutFailed
    from traaviis_lab.views import fragment
    from traaviis_lab.views.draw import _lay_out

    def fail(*_):
        raise LayoutFailed("Too hard.")

    monkeypatch.setattr(fragment, "lay_out", fail)
    fallen = _lay_out(chart(ODD), "full")
    assert fallen.way == "direct"
    assert sorted(box.state for box in fallen.boxes) == sorted(chart(ODD).states)


def test_marks_become_classes():
    marks = Marks(
        active=["opening"], visited=["closed", "opening"], taken=["closed#0"],
        enabled=["opening#0"], disabled=["open#0", "open#1", "open#2", "closed#1"],
    )  # fmt: skip
    root = parsed(to_svg(chart(DOOR), marks))
    assert {"tl-active", "tl-visited", "tl-leaf"} <= set(classes(root, "data-state", "opening"))
    assert "tl-active" not in classes(root, "data-state", "closed")
    assert "tl-taken" in classes(root, "data-transition", "closed#0")
    assert "tl-enabled" in classes(root, "data-transition", "opening#0")
    assert "tl-disabled" in classes(root, "data-transition", "closed#1")
    merged = next(n for n in root.iter() if n.get("data-transitions") == "open#0 open#1 open#2")
    assert "tl-disabled" in merged.get("class")
    assert merged.get("data-transition") is None
    assert (merged.get("data-source"), merged.get("data-target")) == ("open", "closed")


def test_one_enabled_part_keeps_a_merged_arrow_alive():
    root = parsed(to_svg(chart(DOOR), Marks(disabled=["open#0"])))
    merged = next(n for n in root.iter() if n.get("data-transitions") == "open#0 open#1 open#2")
    assert "tl-disabled" not in merged.get("class")


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_inert(text):
    svg = to_svg(hostile_chart(text))
    root = parsed(svg)
    allowed = {"svg", "title", "desc", "style", "g", "rect", "circle", "path", "text"}
    assert {node.tag.removeprefix(SVG) for node in root.iter()} <= allowed
    assert not any(key.startswith("on") for node in root.iter() for key in node.attrib)
    assert len(svg) < 120_000
    svg.encode("utf-8")


def test_there_is_nothing_to_fetch_and_no_id_to_clash():
    svg = to_svg(chart(ODD))
    assert re.sub(r'xmlns="[^"]*"', "", svg).find("http") == -1
    assert "url(" not in svg
    assert "@import" not in svg
    assert not [node for node in parsed(svg).iter() if node.get("id")]


def test_it_is_the_same_every_time_and_says_what_it_is():
    from traaviis_lab.views import draw

    first = to_svg(chart(ODD))
    draw._cache.clear()
    assert to_svg(chart(ODD)) == first
    root = parsed(first)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "State diagram of Odd"
    assert root.find(f"{SVG}title").text == "State diagram of Odd"
    assert (
        root.find(f"{SVG}desc").text.startswith("8 states, 15 transitions.")
        or root.find(f"{SVG}desc").text
    )


def test_the_style_comes_along_only_where_it_is_asked_for():
    assert style_css() in to_svg(chart(DOOR))
    bare = to_svg(chart(DOOR), standalone=False)
    assert "<style" not in bare
    assert "tl-dark" in to_svg(chart(DOOR), theme="dark", standalone=False).split(">")[0]


def test_pictures_are_kept_by_hash_and_not_for_ever():
    from traaviis_lab.views import draw

    assert picture(chart(DOOR)) is picture(chart(DOOR))
    for number in range(draw._KEPT + 5):
        picture(chart({**DOOR, "name": f"Door{number}"}))
    assert len(draw._cache) <= draw._KEPT
