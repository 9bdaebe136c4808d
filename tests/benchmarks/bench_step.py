"""What one pure step costs, beside `transitions`, `python-statemachine` and a bare dict."""

import gc
import statistics
import time

from traaviis_lab import Event, start, step
from traaviis_lab.machine import Chart

ROUND = ("red", "green", "amber", "off")
GO = Event("go")


def light(*, guarded):
    """Four states in a ring; guarded: each arrow asks a guard and counts."""
    extra = {"when": "data.n >= 0", "assign": {"n": "data.n + 1"}} if guarded else {}
    states = {
        name: {"transitions": [{"on": "go", "to": to, **extra}]}
        for name, to in zip(ROUND, (*ROUND[1:], ROUND[0]), strict=True)
    }
    return Chart.from_spec(
        {"spec": "traaviis/1", "name": "Light", "version": "1", "data": {"n": 0}, "states": states}
    )


def ours(chart, event=GO):
    """Step on and on, each from where the last one led."""
    here = start(chart).snapshot

    def run(n):
        nonlocal here
        for _ in range(n):
            here = step(chart, here, event).snapshot

    return run


def bare(*, guarded):
    """The least a state machine can be: one dict, and for guarded ones a dict of data."""
    table = {(name, "go"): to for name, to in zip(ROUND, (*ROUND[1:], ROUND[0]), strict=True)}
    state, data = "red", {"n": 0}

    def run(n):
        nonlocal state, data
        for _ in range(n):
            if not guarded:
                state = table[state, "go"]
            elif data["n"] >= 0:
                data = {**data, "n": data["n"] + 1}
                state = table[state, "go"]

    return run


def with_transitions(*, guarded):
    """The same machine in the `transitions` package."""
    from transitions import Machine

    class Model:
        n = 0

        def may(self):
            return self.n >= 0

        def count(self):
            self.n += 1

    model = Model()
    machine = Machine(model, states=list(ROUND), initial="red", auto_transitions=False)
    extra = {"conditions": "may", "before": "count"} if guarded else {}
    for name, to in zip(ROUND, (*ROUND[1:], ROUND[0]), strict=True):
        machine.add_transition("go", name, to, **extra)

    def run(n):
        for _ in range(n):
            model.go()

    return run


def with_statemachine(*, guarded):
    """The same machine in python-statemachine."""
    from statemachine import State, StateMachine

    extra = {"cond": "may", "on": "count"} if guarded else {}

    class Light(StateMachine):
        red = State(initial=True)
        green = State()
        amber = State()
        off = State()
        go = (
            red.to(green, **extra)
            | green.to(amber, **extra)
            | amber.to(off, **extra)
            | off.to(red, **extra)
        )
        n = 0

        def may(self):
            return self.n >= 0

        def count(self):
            self.n += 1

    machine = Light()

    def run(n):
        for _ in range(n):
            machine.send("go")

    return run


def median_us(run, batch, samples=200):
    """Median over samples of the time of one step, in microseconds."""
    run(batch)
    gc.collect()
    took = []
    for _ in range(samples):
        t = time.perf_counter_ns()
        run(batch)
        took.append((time.perf_counter_ns() - t) / batch)
    return statistics.median(took) / 1e3


def nested():
    """Compound states three deep; the event crosses two of them."""
    room = {
        "initial": "idle",
        "states": {"idle": {"transitions": [{"on": "go", "to": "deep2"}]}, "busy": {}},
    }
    deep = {"states": {"mid": {"states": {"deep1": {}, "deep2": {}}}}}
    deep["transitions"] = [{"on": "go", "to": "room"}]
    return {"room": room, "hall": deep}


def regions(count, *, guarded):
    """A parallel state whose regions all take the same event, each with a guard of its own."""
    extra = {"when": "data.n >= 0"} if guarded else {}
    return {
        "all": {
            "parallel": True,
            "states": {
                f"r{i}": {
                    "states": {
                        f"a{i}": {"transitions": [{"on": "go", "to": f"b{i}", **extra}]},
                        f"b{i}": {"transitions": [{"on": "go", "to": f"a{i}", **extra}]},
                    }
                }
                for i in range(count)
            },
        }
    }


def remembered():
    """Leave a compound state and come back through its deep history, turn by turn."""
    return {
        "in": {
            "initial": "b",
            "states": {"a": {}, "b": {}, "back": {"history": "deep"}},
            "transitions": [{"on": "go", "to": "out"}],
        },
        "out": {"transitions": [{"on": "go", "to": "back"}]},
    }


def document(states, **more):
    return {
        "spec": "traaviis/1",
        "name": "M",
        "version": "1",
        "data": {"n": 0},
        "states": states,
        **more,
    }


def wide(states=300, each=3):
    """A flat chart as large as pictures are asked to be."""
    boxes = {
        f"s{i}": {
            "transitions": [
                {"on": f"e{k}", "to": f"s{(i * 7 + k + 1) % states}", "when": "data.n >= 0"}
                for k in range(each)
            ]
        }
        for i in range(states)
    }
    return document(boxes)


def tables_ms(chart, samples=15):
    """Median processor time of making the tables of a chart, in milliseconds."""
    from traaviis_lab.machine.tables import build_tables

    took = []
    for _ in range(samples):
        t = time.process_time_ns()
        build_tables(chart)
        took.append((time.process_time_ns() - t) / 1e6)
    return statistics.median(took)


def row(what, value, unit="µs", target="", beside="", ratio=None):
    return {
        "what": what, "value": value, "unit": unit, "target": target, "beside": beside, "ratio": ratio,
    }  # fmt: skip


PEERS = (
    ("transitions", with_transitions, 200),
    ("python-statemachine", with_statemachine, 20),
    ("a bare dict", bare, 2000),
)


def rows():
    """The table's rows: flat and guarded beside the peers, then what only statecharts do."""
    found = []
    for guarded, what, target in (
        (False, "step, flat", "≤ 1.5"),
        (True, "step, guard and assign", "≤ 3"),
    ):
        mine = median_us(ours(light(guarded=guarded)), 1000)
        found.append(row(what, mine, target=target))
        for name, make, batch in PEERS:
            other = median_us(make(guarded=guarded), batch)
            found.append(row(what, mine, beside=f"{name}: {other:.3g} µs", ratio=mine / other))
    for what, spec in (
        ("step, nested three deep", document(nested())),
        ("step, one of four regions", document(one_region())),
        ("step, four regions together", document(regions(4, guarded=False))),
        ("step, four regions, guarded", document(regions(4, guarded=True))),
        ("step, in and out by deep history", document(remembered())),
    ):
        found.append(row(what, median_us(ours(Chart.from_spec(spec)), 200), target="≤ 10"))
    chart = light(guarded=False)
    found.append(row("start, flat", median_us(lambda n: [start(chart) for _ in range(n)], 1000)))
    large = Chart.from_spec(wide())
    found.append(row("tables, 300 states, 900 arrows", tables_ms(large), "ms", "≤ 50"))
    found.append(row("step, 300 states, 900 arrows", median_us(ours(large, Event("e0")), 1000)))
    return found


def one_region():
    """Four regions of which only the last takes the event."""
    made = regions(4, guarded=False)
    for i in range(3):
        for name in (f"a{i}", f"b{i}"):
            made["all"]["states"][f"r{i}"]["states"][name] = {}
    return made


def main():
    """Print the rows."""
    for r in rows():
        ratio = "" if r["ratio"] is None else f"{r['ratio']:.3f}"
        print(
            f"{r['what']:36}{r['value']:9.3f} {r['unit']:3}{r['target']:8}{r['beside']:32}{ratio}"
        )


if __name__ == "__main__":
    main()
