"""What can be said of a place without an event: what is taken, blocked and enabled there."""

from traaviis_lab.machine.macrostep import enabled, events_blocked, events_taken, start

from .play import chart, on

LOOK = chart(
    {
        "a": {
            "transitions": [
                on("free", "b"),
                on("locked", "b", when="data.open"),
                on("depends", "b", when="event.n > 1"),
                on("never", "b", when="data.open && event.n > 1"),
                on("broken", "b", when="data.missing > 1"),
                on("x.*", "b"),
                on("done.invoke.a", "b"),
            ],
            "validate": [{"on": "vetoed", "when": "data.open", "reason": "Closed."}],
        },
        "b": {},
    },
    data={"open": False},
)


def test_events_taken_are_those_some_guard_lets_pass():
    here = start(LOOK).snapshot
    assert events_taken(LOOK, here) == ["free", "depends", "x.*"]
    assert events_taken(LOOK, start(LOOK, {"open": True}).snapshot)[:4] == [
        "free", "locked", "depends", "never",
    ]  # fmt: skip


def test_events_blocked_says_why():
    blocked = events_blocked(LOOK, start(LOOK).snapshot)
    assert blocked["locked"] == "guard `data.open` is false"
    assert blocked["never"] == "guard `data.open && event.n > 1` is false"
    assert "could not be computed" in blocked["broken"]
    assert set(blocked) == {"locked", "never", "broken"}


def test_validate_blocks_an_event_whatever_it_carries():
    it = chart(
        {
            "a": {
                "transitions": [on("x", "a")],
                "validate": [{"when": "data.ok", "reason": "Not now."}],
            }
        },
        data={"ok": False},
    )
    here = start(it).snapshot
    assert events_taken(it, here) == []
    assert events_blocked(it, here) == {"x": "Not now."}


def test_enabled_leaves_out_what_an_inner_transition_always_takes_first():
    it = chart(
        {
            "a": {
                "states": {
                    "a1": {"transitions": [on("x", "a1"), on("y", "a1", when="event.n > 1")]}
                },
                "transitions": [on("x", "a"), on("y", "a"), on("z", "a")],
            }
        }
    )
    assert enabled(it, start(it).snapshot) == ("a1#0", "a1#1", "a#1", "a#2")
