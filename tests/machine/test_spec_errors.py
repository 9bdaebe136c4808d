"""Definition errors name the place, the value and the cure, and all of them come at once."""

import copy
import pickle

import pytest

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.reader import find_problems

DOOR = {
    "spec": "traaviis/1",
    "name": "Door",
    "data": {"locked": False},
    "states": {
        "closed": {"transitions": [{"on": "open_command", "to": "opening"}]},
        "opening": {"after": [{"delay": "30s", "to": "closed"}]},
        "open": {
            "parallel": True,
            "states": {
                "left": {"states": {"l1": {}, "l2": {}, "back": {"history": "deep"}}},
                "right": {"states": {"r1": {}, "r2": {}}},
            },
        },
        "end": {"final": True},
    },
}
CLOSED, OPENING, OPEN = ("states", "closed"), ("states", "opening"), ("states", "open")
LEFT = (*OPEN, "states", "left")
GONE = object()

# where to put what, and what the error must say
MISTAKES = [
    # the top
    (("spec",), GONE, "a chart needs 'spec'. Add `spec: ...`."),
    (("spec",), "traaviis/2", "spec: 'traaviis/2' is a format nobody here reads. Write traaviis/1."),
    (("name",), GONE, "a chart needs 'name'."),
    (("name",), "", "name: '' is no text."),
    (("name",), "two\nlines", "name: 'two\\nlines' is no name. Use one line"),
    (("version",), 1.0, "version: 1.0 is a number, not a text. Put it in quotes."),
    (("states",), {}, "states: a chart needs a state. Add one"),
    (("states",), [], "states: a list of 0 is no mapping."),
    (("stats",), {}, "stats: a chart has no key 'stats'. Did you mean 'states'?"),
    (("data",), [1], "data: a list of 1 is no mapping."),
    (("layout",), 3, "layout: 3 is no mapping."),
    (("initial",), "clsed", "initial: there is no state 'clsed'. Did you mean 'closed'?"),
    (("initial",), ["closed", "opening"], "initial: 'closed' and 'opening' exclude each other."),
    (("order",), ["closed"], "order: this state is not parallel."),
    (("data", "x"), float("nan"), "data.x: nan is no JSON number. Use null or a text."),
    (("data", "x"), float("inf"), "data.x: inf is no JSON number."),
    (("data", "x"), 2**60, "data.x: 1152921504606846976 is too large for a JSON number."),
    (("data", "x"), b"bytes", "data.x: a Python bytes is no JSON value."),
    (("data", "x"), {1: 2}, "data.x: the key 1 is no text. Put it in quotes."),
    (("data", "x"), "\ud800", "data.x: '\\ud800' is no Unicode text"),
    # states
    (CLOSED, 3, "states.closed: a state is a mapping, not 3. Keys:"),
    (("states", "a b"), {}, "states['a b']: 'a b' is no state id. Use letters"),
    (("states", "a.b"), {}, "states['a.b']: 'a.b' is no state id."),
    (("states", ""), {}, "'' is no state id."),
    ((*CLOSED, "transition"), [], "no key 'transition'. Did you mean 'transitions'?"),
    ((*CLOSED, "states"), {"opening": {}}, "there are two states 'opening'. Ids are unique"),
    ((*CLOSED, "final"), "yes", "states.closed.final: 'yes' is neither true nor false."),
    ((*CLOSED, "final"), True, "closed.transitions: a final state has no `transitions`. A final state"),
    (("states", "end", "states"), {"a": {}}, "end.states: a final state has no `states`."),
    ((*CLOSED, "parallel"), True, "closed.parallel: a parallel state needs children. Give it"),
    ((*CLOSED, "initial"), "open", "closed.initial: this state has no states in it."),
    ((*OPEN, "initial"), "left", "open.initial: a parallel state has no initial state."),
    ((*LEFT, "initial"), "r1", "left.initial: 'r1' is not inside 'left'. Choose from: l1, l2"),
    ((*LEFT, "initial"), "left", "'left' is not inside 'left'."),
    ((*LEFT, "initial"), "back", "'back' has no past when this state starts. Give 'back' a `default`"),
    ((*LEFT, "initial"), [], "left.initial: the list is empty."),
    ((*LEFT, "final"), True, "a region of a parallel state cannot be final."),
    ((*OPEN, "order"), ["left"], "open.order: the region 'right' is not in it."),
    ((*OPEN, "order"), ["left", "right", "left"], "'left' is more than once in it."),
    ((*OPEN, "order"), ["left", "rigth"], "'rigth' is no region of this state. Did you mean 'right'?"),
    ((*OPEN, "order"), "left", "'left' is no list of state ids."),
    ((*CLOSED, "meta"), {"title": 3}, "closed.meta.title: 3 is a number, not a text."),
    # history
    (("states", "h"), {"history": "deep"}, "states.h: a history state at the top has nothing to"),
    ((*LEFT, "states", "back", "history"), "full", "back.history: 'full' is no kind of history."),
    ((*LEFT, "states", "back", "default"), "r1", "'r1' is no state to go back to here. Choose a"),
    ((*LEFT, "states", "back", "default"), "back", "'back' is no state to go back to here."),
    ((*LEFT, "states", "back", "enter"), [{"kind": "log", "message": "x"}], "has no `enter`."),
    ((*CLOSED, "default"), "open", "closed.default: this is no history state."),
    ((*LEFT, "states"), {"back": {"history": "deep"}}, "there are only history states in it."),
    # transitions
    ((*CLOSED, "transitions"), "x", "closed.transitions: a transition is a mapping, not 'x'."),
    ((*CLOSED, "transitions", 0, "to"), "openin", "transitions[0].to: there is no state 'openin'. Did you mean 'opening'?"),
    ((*CLOSED, "transitions", 0, "to"), "", "'' is no state id."),
    ((*CLOSED, "transitions", 0, "to"), ["l1", "l2"], "'l1' and 'l2' exclude each other. Several"),
    ((*CLOSED, "transitions", 0, "to"), ["l1", "left"], "'l1' and 'left' exclude each other."),
    ((*CLOSED, "transitions", 0, "to"), ["left", "l1"], "'left' and 'l1' exclude each other."),
    ((*CLOSED, "transitions", 0, "to"), ["back", "l1"], "'back' and 'l1' exclude each other."),
    ((*CLOSED, "transitions", 0, "to"), ["l1", "l1"], "'l1' is named twice."),
    ((*CLOSED, "transitions", 0, "to"), ["l1", 3], "transitions[0].to[1]: 3 is no state id."),
    ((*CLOSED, "transitions", 0, "on"), "two words", "transitions[0].on: 'two words' is no event"),
    ((*CLOSED, "transitions", 0, "on"), "a.*.b", "'a.*.b' is no event name."),
    ((*CLOSED, "transitions", 0, "on"), [], "transitions[0].on: the list is empty."),
    ((*CLOSED, "transitions", 0, "guard"), "x", "a transition has no key 'guard'. Known keys: on, to"),
    ((*CLOSED, "transitions", 0, "internal"), 1, "internal: 1 is neither true nor false."),
    ((*CLOSED, "transitions", 0, "when"), "data.locked &&", "closed.transitions[0].when: "),
    ((*CLOSED, "transitions", 0, "when"), "nobody.knows", "closed.transitions[0].when: "),
    ((*CLOSED, "transitions", 0, "when"), "1 + 1", "closed.transitions[0].when: "),
    ((*CLOSED, "transitions", 0, "when"), {"python": "m:f"}, "when: a document cannot call Python ('m:f'). Write it as an"),
    ((*CLOSED, "transitions", 0, "assign"), {"x": "away"}, "A fixed text is written `'away'`."),
    ((*CLOSED, "transitions", 0, "assign"), {"x": " "}, "assign.x: the expression is empty. An empty"),
    ((*CLOSED, "transitions", 0, "assign"), "x", "assign: 'x' is no mapping."),
    ((*CLOSED, "transitions", 0, "assign"), {"x": "1 +"}, "transitions[0].assign.x: "),
    ((*CLOSED, "transitions", 0, "assign"), {"": "1"}, "a field of the data needs a name."),
    ((*OPENING, "after", 0, "delay"), GONE, "states.opening.after[0]: an `after` needs 'delay'."),
    ((*OPENING, "after", 0, "delay"), "30 s", "delay: '30 s' is no duration. Use a number of seconds"),
    ((*OPENING, "after", 0, "delay"), -1, "delay: -1 is no duration."),
    ((*OPENING, "after", 0, "delay"), True, "delay: true is no duration."),
    ((*OPENING, "after", 0, "delay"), 1e12, "delay: 1000000000000.0 is no duration."),
    ((*OPENING, "after", 0, "on"), "x", "an `after` has no key 'on'."),
    ((*OPENING, "on_success"), {"to": "nowhere"}, "opening.on_success.to: there is no state 'nowhere'."),
    ((*OPENING, "on_error"), [{"on": "x"}], "opening.on_error[0].on: a transition has no key 'on'."),
    ((*OPENING, "validate"), [{"when": "true"}], "validate[0]: a check needs 'reason'."),
    ((*OPENING, "validate"), [{"when": "true", "reason": ""}], "validate[0].reason: '' is no text."),
    # effects
    ((*CLOSED, "enter"), "log", "closed.enter: 'log' is no effect. Write {kind: log, message"),
    ((*CLOSED, "enter"), [{"message": "x"}], "enter[0]: an effect needs its kind. Kinds:"),
    ((*CLOSED, "enter"), [{"kind": "logg"}], "enter[0].kind: there is no effect 'logg'. Did you mean 'log'?"),
    ((*CLOSED, "enter"), [{"kind": 3}], "enter[0].kind: there is no effect 3."),
    ((*CLOSED, "enter"), [{"kind": "log"}], "enter[0]: log needs 'message'. Add `message: ...`."),
    ((*CLOSED, "enter"), [{"kind": "log", "message": 3}], "enter[0].message: 3 is no text."),
    ((*CLOSED, "enter"), [{"kind": "log", "message": "x", "lvl": 1}], "log has no field 'lvl'. Did you mean 'level'?"),
    ((*CLOSED, "enter"), [{"kind": "log", "message": "x", "level": "inf"}], "level: 'inf' is none of its words. Did you mean 'info'?"),
    ((*CLOSED, "enter"), [{"kind": "log", "message": "{{ data. }}"}], "closed.enter[0].message: "),
    ((*CLOSED, "enter"), [{"kind": "delay", "for": "soon"}], "enter[0].for: 'soon' is no duration."),
    ((*CLOSED, "enter"), [{"kind": "put_data", "key": "", "value": 1}], "enter[0].key: this is empty."),
    ((*CLOSED, "enter"), [{"kind": "merge_data", "values": 1}], "enter[0].values: 1 is no mapping."),
    ((*CLOSED, "enter"), [{"kind": "update_data", "key": "x", "value": "1 +"}], "enter[0].value: "),
    ((*CLOSED, "enter"), [{"kind": "raise", "event": "done.x"}], "event: 'done.x' cannot be raised. Names that"),
    ((*CLOSED, "enter"), [{"kind": "send_event", "to": "r", "event": "error.x"}], "'error.x' cannot be raised."),
    ((*CLOSED, "enter"), [{"kind": "raise", "event": "a b"}], "event: 'a b' is no event name."),
    # the data of events
    (("events",), [], "events: a list of 0 is no mapping."),
    (("events",), {"a.*": {}}, "events['a.*']: 'a.*' is no event name."),
    (("events",), {"done.x": {}}, "events['done.x']: 'done.x' never comes from outside."),
    (("events",), {"x": {"type": "array"}}, "events.x.type: the data of an event is an object"),
    (("events",), {"x": {"required": ["y"]}}, "events.x.required[0]: 'y' is no property here."),
    (("events",), {"x": {"properties": {"y": {"type": "text"}}}}, "y.type: 'text' is no type. Types:"),
    (("events",), {"x": {"properties": {"y": {"pattern": "a"}}}}, "a property has no key 'pattern'."),
    (("events",), {"x": {"properties": {"y": {"minimum": 2, "maximum": 1}}}}, "minimum 2 is above maximum 1."),
    (("events",), {"x": {"properties": {"y": {"type": "string", "minimum": 2}}}}, "a string has no minimum."),
    (("events",), {"x": {"properties": {"y": {"enum": []}}}}, "y.enum: a list of 0 is no list of choices."),
    (("events",), {"x": {"properties": {"y": {"type": "integer", "enum": ["a"]}}}}, "y.enum[0]: 'a' is no integer."),
    (("events",), {"x": {"properties": {"y": {"type": "integer", "default": 1.5}}}}, "y.default: 1.5 is no integer."),
    (("events",), {"x": {"properties": {"y": {"enum": [1], "default": 2}}}}, "y.default: 2 is none of enum."),
    (("events",), {"x": {"properties": {"y": {"maximum": 1, "default": 2}}}}, "y.default: 2 is out of bounds."),
]  # fmt: skip


def changed(path, value):
    document = copy.deepcopy(DOOR)
    inner = document
    for part in path[:-1]:
        inner = inner[part]
    if value is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return document


@pytest.mark.parametrize(("path", "value", "said"), MISTAKES)
def test_each_mistake_is_told_with_its_place_and_cure(path, value, said):
    with pytest.raises(DefinitionError) as caught:
        Chart.from_spec(changed(path, value))
    assert said in str(caught.value)


def test_all_mistakes_come_at_once():
    document = changed(("stats",), 1)
    document["states"]["closed"]["transitions"][0]["to"] = "openin"
    document["states"]["opening"]["after"][0]["delay"] = "x"
    document["states"]["end"]["enter"] = {"kind": "lag"}
    with pytest.raises(DefinitionError) as caught:
        Chart.from_spec(document)
    assert str(caught.value) == (
        "Chart 'Door' cannot work; 4 things are wrong:\n"
        "  stats: a chart has no key 'stats'. Did you mean 'states'?\n"
        "  states.opening.after[0].delay: 'x' is no duration. "
        "Use a number of seconds, or a text such as 250ms, 2s, 5m, 1h.\n"
        "  states.end.enter.kind: there is no effect 'lag'. Did you mean 'log'?\n"
        "  states.closed.transitions[0].to: there is no state 'openin'. Did you mean 'opening'?"
    )
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)


def test_one_mistake_is_one_line():
    with pytest.raises(DefinitionError) as caught:
        Chart.from_spec(changed(("stats",), 1))
    assert str(caught.value) == (
        "Chart 'Door' cannot work: stats: a chart has no key 'stats'. Did you mean 'states'?"
    )


def test_problems_come_as_values_for_programs():
    (problem,) = find_problems(changed((*CLOSED, "transitions", 0, "to"), "openin"))
    assert problem.path == ("states", "closed", "transitions", 0, "to")
    assert problem.to_json() == {
        "path": "states.closed.transitions[0].to",
        "message": "there is no state 'openin'.",
        "cure": "Did you mean 'opening'?",
        "line": 0,
    }
    assert find_problems(DOOR) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("states", "blank"), None),
        ((*CLOSED, "transitions", 0, "when"), True),
        ((*CLOSED, "transitions", 0, "assign"), {"x": 1, "y": None, "z": False, "q": -1.5}),
        ((*CLOSED, "transitions", 0, "on"), ["a.*", "*"]),
        ((*CLOSED, "transitions", 0, "to"), ["l2", "r2"]),
        ((*CLOSED, "transitions", 0, "to"), ["back", "r2"]),
        (("initial",), ["l2", "r2"]),
        (("initial",), "r2"),
        ((*OPENING, "on_success"), {"to": "end"}),
        ((*OPENING, "after"), {"delay": 0}),
        ((*LEFT, "states", "back", "default"), "l2"),
        ((*LEFT, "states", "own"), {"history": "shallow", "default": "l1"}),
        ((*OPEN, "order"), ["right", "left"]),
        (("states", "größer"), {}),
        (("data", "tuple"), (1, 2)),
    ],
)
def test_what_may_be_written(path, value):
    chart = Chart.from_spec(changed(path, value))
    assert Chart.from_spec(chart.to_spec()) == chart


def test_what_is_left_unsaid_is_written_out():
    chart = Chart.from_spec(DOOR)
    spec = chart.to_spec()
    assert spec["version"] == "1.0.0"
    assert spec["initial"] == "closed"
    assert spec["states"]["open"]["states"]["left"]["initial"] == "l1"
    assert spec["states"]["open"]["states"]["left"]["states"]["back"]["default"] == "l1"
    assert "initial" not in spec["states"]["open"]
    assert chart.states["back"].default == ("l1",)


def test_a_chart_shows_itself_shortly():
    chart = Chart.from_spec(DOOR)
    assert repr(chart) == f"<Chart Door 1.0.0: 11 states, 2 transitions, {chart.hash[:8]}>"
    assert chart != "a chart"
