"""Diagrams in words: the terminal and Mermaid."""

import re

import pytest
from hypothesis import given

from tests.machine.charts import chart_specs, tries
from tests.views.house import DOOR, HOSTILE, ODD, chart, hostile_chart, large
from traaviis_lab.views import Marks, to_mermaid, to_text
from traaviis_lab.views.text import columns, one_line, shorten

DOOR_TEXT = """\
╭─ Door 1.0.0 ─────────────────────────────────────────────────────╮
│   ╭────────╮                                                     │
│ ●▶│ closed │══ open [!data.locked] ══▶ opening                   │
│   │        │── lock / locked = true ↺                            │
│   ╰────────╯                                                     │
│   ┏━━━━━━━━━━━┓                                                  │
│   ┃ ● opening ┃── opened / opened = data.opened + 1 ──▶ open     │
│   ┃           ┃   enter / log                                    │
│   ┗━━━━━━━━━━━┛                                                  │
│   ╭──────╮                                                       │
│   │ open │── close ──▶ closed                                    │
│   │      │── slam ──▶ closed                                     │
│   │      │── after 30s ──▶ closed                                │
│   ╰──────╯                                                       │
│   ╭────────╮                                                     │
│   │ ◉ gone │                                                     │
│   ╰────────╯                                                     │
╰──────────────────────────────────────────────────────────────────╯"""


def test_the_door_in_the_terminal():
    drawn = to_text(chart(DOOR), Marks(active=["opening"], taken=["closed#0"]), width=68)
    assert drawn == DOOR_TEXT


def test_colour_only_adds_to_it():
    marks = Marks(active=["opening"], taken=["closed#0"])
    painted = to_text(chart(DOOR), marks, width=68, color=True)
    assert "\x1b[1;36m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == DOOR_TEXT


def test_plain_ascii_where_there_is_nothing_else():
    assert to_text(chart(ODD), ascii=True).isascii()


def test_regions_stand_side_by_side_where_they_fit():
    assert "┆" in to_text(chart(ODD), width=110)
    assert "┆" not in to_text(chart(ODD), width=50)


@tries(40)
@given(chart_specs())
def test_lines_fit_and_every_state_is_named(spec):
    drawn = chart(spec)
    text = to_text(drawn, width=100)
    widths = {columns(line) for line in text.splitlines()}
    assert len(widths) == 1
    assert max(widths) <= 118
    for state in drawn.states:
        assert re.search(rf"\b{state}\b", text)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_cannot_steer_a_terminal(text):
    shown = to_text(hostile_chart(text))
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert len(shown.splitlines()) < 40
    assert max(len(line) for line in shown.splitlines()) <= 110


def test_large_charts_take_a_line_a_transition():
    assert len(to_text(large(300, 900, 10)).splitlines()) < 1_000


def test_mermaid_has_everything_nested():
    text = to_mermaid(chart(ODD))
    assert text.startswith("stateDiagram-v2\n")
    for line in (
        "state w {",
        "--",
        "a1 --> a2 : n",
        "z --> hb : back",
        "[*] --> w",
        'state "H" as hb',
    ):
        assert any(one.strip() == line for one in text.splitlines()), line
    assert text.count("{") == text.count("}")
    assert "note right of w\n        stay\n    end note" in text


@tries(40)
@given(chart_specs())
def test_mermaid_draws_every_arrow(spec):
    drawn = chart(spec)
    text = to_mermaid(drawn)
    pairs = {(t.source, end) for t in drawn.transitions.values() for end in t.targets}
    for source, target in pairs:
        assert f"{source} --> {target} : " in text
    assert text == to_mermaid(chart(spec))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_are_no_mermaid(text):
    shown = to_mermaid(hostile_chart(text))
    assert "<" not in shown
    assert "%%{" not in shown
    assert shown.count("end note") == shown.count("note right of")
    assert len(shown.splitlines()) < 30
    assert not re.search(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]", shown)


def test_reserved_words_get_names_of_their_own():
    spec = {
        **DOOR,
        "initial": "end",
        "states": {"end": {"transitions": [{"on": "x", "to": "büro-1"}]}, "büro-1": {}},
    }
    text = to_mermaid(chart(spec))
    assert 'state "end" as s0_' in text
    assert "s0_ --> s1_ : x" in text


def test_shortening_counts_columns():
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("漢字漢字", 5) == "漢字…"
    assert columns("漢字e\u0301") == 5
    assert one_line("\x1b[31m\ud800") == "\ufffd[31m\ufffd"
    assert one_line(" a\n\tb\u202ec ") == "a bc"
