"""Charts that the tests of pictures share, and how to take a picture apart again."""

from xml.etree import ElementTree

from traaviis_lab.machine.reader import read_spec

SVG = "{http://www.w3.org/2000/svg}"

DOOR = {
    "spec": "traaviis/1", "name": "Door", "version": "1.0.0", "data": {"opened": 0, "locked": False},
    "initial": "closed",
    "states": {
        "closed": {"transitions": [
            {"on": "open", "to": "opening", "when": "!data.locked"},
            {"on": "lock", "assign": {"locked": "true"}},
        ]},
        "opening": {
            "enter": [{"kind": "log", "message": "motor on"}],
            "transitions": [{"on": "opened", "to": "open", "assign": {"opened": "data.opened + 1"}}],
        },
        "open": {
            "transitions": [{"on": "close", "to": "closed"}, {"on": "slam", "to": "closed"}],
            "after": [{"delay": "30s", "to": "closed"}],
        },
        "gone": {"final": True},
    },
}  # fmt: skip

ODD = {
    "spec": "traaviis/1", "name": "Odd", "version": "1.0.0", "data": {}, "initial": "w",
    "states": {
        "w": {
            "parallel": True, "order": ["a", "b", "c"],
            "transitions": [
                {"on": "self", "to": "w"}, {"on": "in", "to": ["a2", "b2"]}, {"on": "stay"},
            ],
            "states": {
                "a": {
                    "initial": "a1",
                    "transitions": [{"on": "selfa", "to": "a"}, {"on": "x", "to": "b"}],
                    "states": {
                        "a1": {"transitions": [{"on": "n", "to": "a2"}, {"on": "up", "to": "a"}]},
                        "a2": {"transitions": [
                            {"on": "n", "to": "a1"}, {"on": "cross", "to": "b2"}, {"on": "out", "to": "z"},
                        ]},
                    },
                },
                "b": {"initial": "b1", "states": {
                    "b1": {"transitions": [{"on": "n", "to": "b2"}]},
                    "b2": {"transitions": [{"on": "bk", "to": "c"}]},
                    "hb": {"history": "shallow", "default": "b2"},
                }},
                "c": {},
            },
        },
        "z": {"transitions": [
            {"on": "back", "to": "hb"}, {"on": "both", "to": ["a2", "b2"]}, {"on": "up", "to": "w"},
            {"on": "me", "to": "z"}, {"to": "z", "when": "false"},
        ]},
    },
}  # fmt: skip

HOSTILE = (
    "<script>alert(1)</script>",
    "</title></svg><img src=x onerror=alert(1)>",
    "\"quotes' & <b>amp</b>; \\N \\l { } -->",
    "line one\nline two\r\n\ttabbed",
    "\u202eright to left \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "control \x00\x01\x1b[31m\x7f \ufffe",
    "]]> %%{init: {}}%% ; :: # `x` --",
    "漢字かな交じり文 🚪🚨",
    "x" * 10_000,
)


def chart(spec):
    return read_spec(spec)


def hostile_chart(text):
    """A chart with this text wherever an author may write freely."""
    return read_spec(
        {
            "spec": "traaviis/1", "name": "Hostile", "version": "1.0.0", "data": {}, "initial": "a",
            "states": {
                "a": {
                    "meta": {"title": text, "notes": text},
                    "enter": [{"kind": "log", "message": text}, {"kind": "call", "function": text or "f"}],
                    "validate": [{"on": "go", "when": "true", "reason": text}],
                    "transitions": [{"on": "go", "to": "b"}, {"on": "stay"}],
                },
                "b": {"meta": {"title": text}, "states": {"c": {"meta": {"title": text}}}},
            },
        }
    )  # fmt: skip


def large(states, transitions, nest):
    """A chart of this size; `nest`: so many states to a box, 0 for none."""
    from random import Random

    chance = Random(7)
    arrows = {f"state_{n}": [] for n in range(states)}
    for n in range(transitions):
        source = n % states if n < states else chance.randrange(states)
        near = source + chance.randint(-6, 6) if chance.random() < 0.7 else chance.randrange(states)
        target = (source + 1) % states if n < states else min(states - 1, max(0, near))
        arrows[f"state_{source}"].append({"on": f"event_{n % 37}", "to": f"state_{target}"})
    flat = {state: {"transitions": there} for state, there in arrows.items()}
    names = list(flat)
    boxes = {
        f"group_{at}": {"states": {one: flat[one] for one in names[at : at + nest]}}
        for at in range(0, states, nest or states)
    }
    return read_spec(
        {
            "spec": "traaviis/1",
            "name": "Large",
            "version": "1.0.0",
            "states": boxes if nest else flat,
        }
    )


def parsed(svg):
    return ElementTree.fromstring(svg)


def drawn_states(root):
    return [node.get("data-state") for node in root.iter() if node.get("data-state") is not None]


def drawn_transitions(root):
    return [
        one
        for node in root.iter()
        if node.get("data-transitions") is not None
        for one in node.get("data-transitions").split(" ")
    ]
