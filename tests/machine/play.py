"""Short ways to write a chart and to play events through it, for the tests of this room."""

from traaviis_lab.errors import EventRefused, RunawayChart
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.macrostep import start, step
from traaviis_lab.machine.values import Event


def chart(states, **top):
    """A chart of these states: `chart({"a": {"transitions": [...]}, "b": {}}, data={...})`."""
    spec = {"spec": "traaviis/1", "name": "Tested", "version": "1", **top, "states": states}
    return Chart.from_spec(spec)


def on(event, to=None, **more):
    """An arrow: `on("go", "b", when="data.n > 1")`; `on(None, ...)` has no event."""
    arrow = {} if event is None else {"on": event}
    return {**arrow, **({} if to is None else {"to": to}), **more}


def log(text):
    """A `log` effect as a document."""
    return {"kind": "log", "message": text}


def messages(there):
    """What a Step's `log` effects say."""
    return [effect.message for effect in there.effects]


def run(it, *events, data=None):
    """The last Step after these events (names, or (name, data) pairs)."""
    here = start(it, data)
    for event in events:
        name, sent = (event, {}) if isinstance(event, str) else event
        here = step(it, here.snapshot, Event(name, sent))
    return here


def active(it, *events, data=None):
    """The active states after these events, sorted, as one text: `"a a1"`."""
    return " ".join(sorted(run(it, *events, data=data).snapshot.active))


def walk(it, events, begin=start, go=step):
    """Every Step of a run over random events; refused ones are left out. Ends at a runaway."""
    try:
        here = begin(it)
        yield here
        for name, data in events:
            try:
                here = go(it, here.snapshot, Event(name, data))
            except EventRefused:
                continue
            yield here
    except RunawayChart:
        return
