"""Boxes in boxes: what is active after an event (compound, parallel, final, history, targets)."""

import pytest

from traaviis_lab.machine.macrostep import leaves, start, step
from traaviis_lab.machine.values import Event, Move

from .play import active, chart, on, run

DOOR = chart(
    {
        "closed": {"transitions": [on("push", "open")]},
        "open": {"transitions": [on("pull", "closed")]},
    }
)


def test_an_event_moves_a_flat_chart():
    assert active(DOOR) == "closed"
    assert active(DOOR, "push") == "open"
    assert active(DOOR, "push", "pull") == "closed"


def test_a_step_says_what_was_left_taken_and_entered():
    there = run(DOOR, "push")
    assert there.moves == (Move("push", ("closed",), ("closed#0",), ("open",)),)
    assert there.taken == ("closed#0",)
    assert start(DOOR).moves == (Move("", (), (), ("closed",)),)


def test_stepping_changes_nothing_it_was_given():
    here = start(DOOR, {"n": [1]}).snapshot
    step(DOOR, here, Event("push"))
    assert here == start(DOOR, {"n": [1]}).snapshot


NESTED = chart(
    {
        "off": {"transitions": [on("power", "on")]},
        "on": {
            "initial": "low",
            "states": {
                "low": {"transitions": [on("up", "high")]},
                "high": {
                    "states": {"warm": {"transitions": [on("up", "hot")]}, "hot": {}},
                    "transitions": [on("down", "low")],
                },
            },
            "transitions": [on("power", "off"), on("reset", "on"), on("jump", "hot")],
        },
    }
)


def test_entering_a_compound_state_enters_its_initial_child_all_the_way_in():
    assert active(NESTED, "power") == "low on"
    assert active(NESTED, "power", "up") == "high on warm"


def test_a_parents_transition_is_taken_when_no_child_listens():
    assert active(NESTED, "power", "up", "power") == "off"


def test_an_inner_transition_wins_over_an_outer_one():
    inner = chart(
        {
            "a": {
                "states": {"a1": {"transitions": [on("go", "a2")]}, "a2": {}},
                "transitions": [on("go", "b")],
            },
            "b": {},
        }
    )
    assert active(inner, "go") == "a a2"
    assert active(inner, "go", "go") == "b"


def test_states_are_left_from_inside_and_entered_from_outside():
    there = run(NESTED, "power", "up", "power")
    assert there.moves[0].exited == ("warm", "high", "on")
    assert run(NESTED, "power", "up").moves[0].entered == ("high", "warm")


def test_a_target_deep_inside_enters_the_states_around_it():
    assert active(NESTED, "power", "jump") == "high hot on"


def test_a_self_transition_leaves_and_enters_its_state():
    there = run(NESTED, "power", "up", "reset")
    assert there.moves[0].exited == ("warm", "high", "on")
    assert there.moves[0].entered == ("on", "low")


def test_a_transition_to_a_descendant_leaves_its_source_unless_it_is_internal():
    for internal, exited, entered in [
        (False, ("a1", "a"), ("a", "a2")),
        (True, ("a1",), ("a2",)),
    ]:
        it = chart(
            {
                "a": {
                    "states": {"a1": {}, "a2": {}},
                    "transitions": [on("go", "a2", internal=internal)],
                }
            }
        )
        move = run(it, "go").moves[0]
        assert (move.exited, move.entered) == (exited, entered)


def test_internal_means_nothing_when_the_target_is_outside_or_the_source_parallel():
    outside = chart(
        {"a": {"states": {"a1": {}}, "transitions": [on("go", "b", internal=True)]}, "b": {}}
    )
    assert run(outside, "go").moves[0].exited == ("a1", "a")
    parallel = chart(
        {
            "p": {
                "parallel": True,
                "states": {"r": {"states": {"r1": {}, "r2": {}}}, "q": {}},
                "transitions": [on("go", "r2", internal=True)],
            }
        }
    )
    assert set(run(parallel, "go").moves[0].exited) == {"p", "q", "r", "r1"}


def test_a_targetless_transition_leaves_nothing():
    it = chart({"a": {"transitions": [on("tick", assign={"n": "data.n + 1"})]}}, data={"n": 0})
    there = run(it, "tick", "tick")
    assert there.moves[0] == Move("tick", (), ("a#0",), ())
    assert there.snapshot.data == {"n": 2}


def test_initial_may_name_a_descendant_or_states_in_several_regions():
    it = chart(
        {
            "p": {
                "parallel": True,
                "states": {
                    "q": {"states": {"q1": {}, "q2": {}}},
                    "r": {"states": {"r1": {}, "r2": {}}},
                    "s": {"states": {"s1": {}, "s2": {}}},
                },
            }
        },
        initial=["q2", "s2"],
    )
    assert active(it) == "p q q2 r r1 s s2"


PARALLEL = chart(
    {
        "p": {
            "parallel": True,
            "states": {
                "q": {
                    "states": {
                        "q1": {"transitions": [on("go", "q2"), on("left", "q2")]},
                        "q2": {"transitions": [on("out", "away")]},
                    }
                },
                "r": {
                    "states": {
                        "r1": {"transitions": [on("go", "r2")]},
                        "r2": {"transitions": [on("out", "r1")]},
                    }
                },
            },
            "transitions": [on("back", ["q2", "r2"]), on("restart", "p")],
        },
        "away": {"transitions": [on("home", ["q2", "r2"]), on("half", "r2")]},
    }
)


def test_all_regions_of_a_parallel_state_are_entered():
    assert active(PARALLEL) == "p q q1 r r1"


def test_one_event_moves_every_region_that_listens():
    there = run(PARALLEL, "go")
    assert there.taken == ("q1#0", "r1#0")
    assert active(PARALLEL, "go") == "p q q2 r r2"
    assert there.moves[0].exited == ("r1", "q1")
    assert there.moves[0].entered == ("q2", "r2")


def test_a_region_that_does_not_listen_stays():
    assert active(PARALLEL, "left") == "p q q2 r r1"


def test_several_targets_are_entered_together():
    assert active(PARALLEL, "go", "out", "home") == "p q q2 r r2"
    assert active(PARALLEL, "back") == "p q q2 r r2"


def test_regions_not_aimed_at_start_from_their_beginning():
    assert active(PARALLEL, "go", "out", "half") == "p q q1 r r2"


def test_transitions_that_leave_the_same_states_conflict_and_the_first_in_the_document_wins():
    there = run(PARALLEL, "go", "out")
    assert there.taken == ("q2#0",)
    assert there.snapshot.active == {"away"}


def test_a_transition_from_further_inside_preempts_one_from_around_it():
    it = chart(
        {
            "p": {
                "parallel": True,
                "states": {
                    "q": {"states": {"q1": {}}},
                    "r": {"states": {"r1": {"transitions": [on("go", "r2")]}, "r2": {}}},
                },
                "transitions": [on("go", "away")],
            },
            "away": {},
        }
    )
    assert run(it, "go").taken == ("r1#0",)


def test_a_parallel_root_has_all_its_regions_active_and_ends_when_they_have():
    it = chart(
        {
            "q": {"states": {"q1": {"transitions": [on("go", "qf")]}, "qf": {"final": True}}},
            "r": {"states": {"r1": {"transitions": [on("on", "rf")]}, "rf": {"final": True}}},
        },
        parallel=True,
    )
    assert active(it) == "q q1 r r1"
    assert not run(it, "go").snapshot.done
    assert run(it, "go", "on").snapshot.done


def test_leaves_are_in_document_order():
    assert leaves(PARALLEL, run(PARALLEL, "go").snapshot) == ("q2", "r2")
    assert leaves(NESTED, run(NESTED, "power", "up").snapshot) == ("warm",)


def test_regions_are_in_sorted_order_unless_order_says_otherwise():
    regions = {
        "z": {"enter": [{"kind": "log", "message": "z"}]},
        "a": {"enter": [{"kind": "log", "message": "a"}]},
    }
    plain = chart({"p": {"parallel": True, "states": regions}})
    told = chart({"p": {"parallel": True, "order": ["z", "a"], "states": regions}})
    assert start(plain).moves[0].entered == ("p", "a", "z")
    assert start(told).moves[0].entered == ("p", "z", "a")
    assert start(told).owners == ("z", "a")


# Final states


def test_a_final_child_raises_done_state_of_its_parent():
    it = chart(
        {
            "work": {
                "states": {"w1": {"transitions": [on("end", "wf")]}, "wf": {"final": True}},
                "transitions": [on("done.state.work", "home")],
            },
            "home": {},
        }
    )
    there = run(it, "end")
    assert [event.name for event in there.raised] == ["done.state.work"]
    assert [move.event for move in there.moves] == ["end", "done.state.work"]
    assert there.snapshot == run(it, "end").snapshot
    assert there.snapshot.active == {"home"}


def test_a_parallel_state_is_done_when_every_region_is():
    it = chart(
        {
            "p": {
                "parallel": True,
                "states": {
                    "q": {
                        "states": {"q1": {"transitions": [on("a", "qf")]}, "qf": {"final": True}}
                    },
                    "r": {
                        "states": {"r1": {"transitions": [on("b", "rf")]}, "rf": {"final": True}}
                    },
                },
                "transitions": [on("done.state.p", "home")],
            },
            "home": {},
        }
    )
    assert [e.name for e in run(it, "b").raised] == ["done.state.r"]
    there = run(it, "b", "a")
    assert [e.name for e in there.raised] == ["done.state.q", "done.state.p"]
    assert there.snapshot.active == {"home"}


def test_a_final_state_at_the_top_ends_the_run_and_drops_what_was_raised():
    it = chart(
        {
            "a": {"transitions": [on("end", "z", do=[{"kind": "raise", "event": "more"}])]},
            "z": {"final": True},
        }
    )
    there = run(it, "end")
    assert there.snapshot.done
    assert there.raised == ()


# History


def player(kind, **marker):
    return chart(
        {
            "play": {
                "states": {
                    "song": {
                        "states": {
                            "verse": {"transitions": [on("next", "chorus")]},
                            "chorus": {},
                        },
                        "transitions": [on("skip", "talk")],
                    },
                    "talk": {},
                    "back": {"history": kind, **marker},
                },
                "transitions": [on("pause", "paused")],
            },
            "paused": {"transitions": [on("resume", "back"), on("again", "play")]},
        },
        initial="paused",
    )


@pytest.mark.parametrize(
    ("kind", "comes_back"), [("shallow", "play song verse"), ("deep", "chorus play song")]
)
def test_history_comes_back_to_where_it_left(kind, comes_back):
    assert active(player(kind), "again", "next", "pause", "resume") == comes_back
    assert active(player(kind), "again", "skip", "pause", "resume") == "play talk"


def test_history_not_yet_written_leads_to_its_default_or_the_initial_state():
    assert active(player("deep"), "resume") == "play song verse"
    assert active(player("deep", default="chorus"), "resume") == "chorus play song"
    assert active(player("shallow", default="talk"), "resume") == "play talk"


def test_history_is_part_of_the_snapshot():
    assert run(player("deep"), "again", "next", "pause").snapshot.history == {"back": ("chorus",)}
    assert run(player("shallow"), "again", "next", "pause").snapshot.history == {"back": ("song",)}


def test_deep_history_of_a_parallel_state_brings_every_region_back():
    it = chart(
        {
            "p": {
                "parallel": True,
                "states": {
                    "q": {"states": {"q1": {"transitions": [on("a", "q2")]}, "q2": {}}},
                    "r": {"states": {"r1": {"transitions": [on("b", "r2")]}, "r2": {}}},
                    "h": {"history": "deep"},
                },
                "transitions": [on("leave", "away")],
            },
            "away": {"transitions": [on("home", "h")]},
        }
    )
    assert active(it, "b", "leave", "home") == "p q q1 r r2"
    assert active(it, "leave", "home") == "p q q1 r r1"


def test_a_transition_from_inside_to_its_own_history_uses_what_was_remembered_before():
    it = chart(
        {
            "p": {
                "states": {
                    "a": {"transitions": [on("go", "b")]},
                    "b": {"transitions": [on("recall", "h"), on("out", "away")]},
                    "h": {"history": "deep"},
                }
            },
            "away": {"transitions": [on("in", "p")]},
        }
    )
    assert active(it, "go", "recall") == "a p"
    assert active(it, "go", "out", "in", "go", "recall") == "b p"
