"""A picture that compares two runs marks what each did, and says in a legend which is which."""

import re

import pytest

from tests.views.house import DOOR, HOSTILE, ODD, SVG, chart, parsed
from tests.views.test_svg import classes
from traaviis_lab.views import Marks, style_css, to_svg

MARKS = Marks(
    left=["opening", "closed#1", "open#0"], right=["gone", "open#1"], both=["closed", "closed#0"]
)


def sides(words):
    return {word for word in words if word in ("tl-left", "tl-right", "tl-both")}


def test_states_and_transitions_carry_the_side_they_are_on():
    root = parsed(to_svg(chart(DOOR), MARKS))
    for name, words in {
        "opening": {"tl-left"},
        "gone": {"tl-right"},
        "closed": {"tl-both"},
        "open": set(),
    }.items():
        assert sides(classes(root, "data-state", name)) == words
    assert sides(classes(root, "data-transition", "closed#1")) == {"tl-left"}
    assert sides(classes(root, "data-transition", "closed#0")) == {"tl-both"}
    assert "tl-compare" in root.get("class").split()


def test_an_arrow_for_two_transitions_is_of_both_where_each_run_took_one_of_them():
    root = parsed(to_svg(chart(DOOR), MARKS))
    assert sides(classes(root, "data-transitions", "open#0 open#1 open#2")) == {"tl-both"}
    root = parsed(to_svg(chart(DOOR), Marks(right=["open#1"])))
    assert sides(classes(root, "data-transitions", "open#0 open#1 open#2")) == {"tl-right"}


def keys(svg):
    return [
        node.find(f"{SVG}text").text
        for node in parsed(svg).iter()
        if "tl-key" in node.get("class", "").split()
    ]


def test_the_legend_names_both_and_has_room():
    svg = to_svg(chart(DOOR), MARKS, sides=("door_001", "fork"))
    assert keys(svg) == ["both", "only door_001", "only fork"]
    plain, drawn = parsed(to_svg(chart(DOOR))), parsed(svg)
    assert float(drawn.get("height")) > float(plain.get("height"))
    assert float(drawn.get("width")) >= float(plain.get("width"))
    lowest = max(float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)"', svg))
    assert lowest < float(drawn.get("viewBox").split()[3])
    assert keys(to_svg(chart(DOOR), Marks(active=["open"]))) == []
    assert "tl-compare" not in to_svg(chart(DOOR), standalone=False)


def test_two_runs_of_one_name_and_runs_without_a_printable_one_are_told_apart():
    assert keys(to_svg(chart(DOOR), MARKS, sides=("a", "a")))[1:] == [
        "only a (left)",
        "only a (right)",
    ]
    assert keys(to_svg(chart(DOOR), MARKS, sides=("", "\u200b")))[1:] == ["only left", "only right"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_inert_and_short(text):
    svg = to_svg(chart(ODD), MARKS, sides=(text, text), standalone=False)
    root = parsed(svg)
    assert not any(key.startswith("on") for node in root.iter() for key in node.attrib)
    assert float(root.get("width")) < 2_000


def test_the_sides_differ_by_more_than_their_colour_in_light_and_dark():
    css = style_css()
    dashes = {
        side: re.search(rf"\.tl-transition\.tl-{side} > path[^{{]*{{([^}}]*)}}", css)[1]
        for side in ("left", "right", "both")
    }
    assert len({re.sub(r"stroke: [^;]*;", "", rule) for rule in dashes.values()}) == 3
    for variable in ("--tl-left", "--tl-right", "--tl-both", "--tl-left-fill", "--tl-right-fill"):
        assert len(re.findall(rf"{variable}: (#\w+)", css)) == 4
        assert len(set(re.findall(rf"{variable}: (#\w+)", css))) == 2


def contrast(one, other):
    def light(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        lin = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * lin[0] + 0.7152 * lin[1] + 0.0722 * lin[2]

    a, b = sorted((light(one), light(other)))
    return (b + 0.05) / (a + 0.05)


def test_words_of_either_side_can_be_read_on_what_they_stand_on():
    css = style_css()
    for theme in (0, 1):
        found = {
            name: re.findall(rf"--tl-{name}: (#\w{{6}})", css)[theme]
            for name in ("bg", "left", "right", "both", "text", "left-fill", "right-fill", "both-fill")
        }  # fmt: skip
        for side in ("left", "right", "both"):
            assert contrast(found[side], found["bg"]) >= 4.5
            assert contrast(found["text"], found[f"{side}-fill"]) >= 7
            assert contrast(found[side], found["both-fill"]) >= 3
