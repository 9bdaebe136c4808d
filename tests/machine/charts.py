"""Random legal chart specs for laws: small, nested, with everything a chart may hold.

`chart_specs()` draws documents (plain mappings) for `Chart.from_spec`; `event_strings()` draws
what to send. Set TRAAVIIS_LAWS=20 to try twenty times as many (and let Hypothesis shrink).
"""

import os
import random

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

EVENTS = ("a", "b", "c", "d.e", "d.f.g")
PATTERNS = ("d.*", "d.f.*", "*")
SCALE = int(os.environ.get("TRAAVIIS_LAWS", "1"))


def tries(count):
    """Hypothesis settings: `count` examples, times SCALE; shrinking only where SCALE is raised."""
    phases = [Phase.explicit, Phase.generate] + ([Phase.shrink] if SCALE > 1 else [])
    return settings(
        max_examples=count * SCALE,
        deadline=None,
        phases=phases,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        database=None,
        derandomize=SCALE == 1,
    )


def event_strings(max_size=12):
    """Lists of (name, data): names that charts know and one they do not."""
    payloads = st.sampled_from([{}, {"n": 1}, {"n": 5}, {"n": "text"}])
    return st.lists(st.tuples(st.sampled_from((*EVENTS, "unknown")), payloads), max_size=max_size)


@st.composite
def chart_specs(
    draw, *, flat=False, guards="data", actions="all", eventless=True, patterns=True, root=True
):
    """A legal chart document.

    `flat`: no state inside another. `guards`: "none", "constant" (true and false) or "data"
    (also such as ask the data, the event, the active states, and such as fail). `actions`:
    "none", "raise" or "all". `root`: the chart itself may be parallel.
    """
    # Hypothesis takes long over the 200 choices of a chart, and needs each only where it shrinks.
    source = _Choices(draw) if SCALE > 1 else random.Random(draw(st.integers(0, 2**64)))
    pen = _Pen(source, flat, guards, actions, eventless, patterns)
    return pen.spec(parallel=root and not flat and pen.chance(8))


class _Choices:
    """What is used of `random.Random`, each choice drawn by Hypothesis."""

    def __init__(self, draw):
        self.draw = draw

    def choice(self, options):
        return self.draw(st.sampled_from(options))

    def randint(self, low, high):
        return self.draw(st.integers(low, high))


class _Pen:
    """Draws one chart: first the boxes, then the arrows between them."""

    def __init__(self, source, flat, guards, actions, eventless, patterns):
        self.source = source
        self.flat = flat
        self.guards = guards
        self.actions = actions
        self.eventless = eventless
        self.names = (*EVENTS, *PATTERNS) if patterns else EVENTS
        self.left = 14
        self.count = 0
        self.boxes = {}
        self.parents = {}

    def pick(self, options):
        return self.source.choice(options)

    def number(self, low, high):
        return self.source.randint(low, high)

    def chance(self, percent):
        return self.number(0, 99) < percent

    def spec(self, *, parallel):
        spec = {"spec": "traaviis/1", "name": "Drawn", "version": "1.0.0", "data": {"n": 0}}
        if parallel:
            spec["parallel"] = True
            spec["states"] = self.children("", 0, self.number(2, 3), final=False)
        else:
            most = 6 if self.flat else 3
            spec["states"] = self.children("", 0, self.number(1, most), final=self.chance(40))
            self.give_initial("", spec)
        for state, box in list(self.boxes.items()):
            if not box.get("final") and not box.get("history"):
                self.give_arrows(state, box)
            elif box.get("history"):
                self.give_default(state, box)
            if self.actions != "none":
                self.give_effects(state, box)
        return spec

    # Boxes

    def children(self, parent, depth, count, *, final):
        made = {}
        for i in range(count):
            last = final and i == count - 1 and count > 1
            state = f"s{self.count}"
            self.count += 1
            self.left -= 1
            self.parents[state] = parent
            self.boxes[state] = made[state] = {}
            if last:
                made[state]["final"] = True
            elif not self.flat:
                self.fill(state, made[state], depth)
        return made

    def fill(self, state, box, depth):
        kind = self.number(0, 9) if depth < 3 and self.left > 0 else 0
        if kind < 4:
            return
        if kind < 7:
            box["states"] = self.children(
                state, depth + 1, self.number(1, 3), final=self.chance(40)
            )
            self.give_initial(state, box)
        else:
            box["parallel"] = True
            box["states"] = self.children(state, depth + 1, self.number(2, 3), final=False)
        if self.chance(45):
            marker = f"h{state[1:]}"
            self.parents[marker] = state
            self.boxes[marker] = box["states"][marker] = {"history": self.pick(["shallow", "deep"])}
            if not box.get("parallel") and self.chance(10):
                box["initial"] = marker

    def give_initial(self, state, box):
        """Sometimes a child that is not the first, a descendant, or a list across regions."""
        if self.chance(60):
            return
        inner = [s for s in self.inside(state) if not self.boxes[s].get("history")]
        target = self.pick(inner)
        around = [p for p in self.above(target) if self.boxes.get(p, {}).get("parallel")]
        around = [p for p in around if p in inner]
        if around and self.chance(50):
            box["initial"] = self.across(self.pick(around))
        else:
            box["initial"] = target

    def give_default(self, marker, box):
        parent = self.parents[marker]
        needed = self.boxes[parent].get("initial") == marker
        if self.boxes[parent].get("parallel") or (self.chance(50) and not needed):
            return
        real = [s for s in self.boxes[parent]["states"] if not self.boxes[s].get("history")]
        if box["history"] == "deep":
            real = [s for s in self.inside(parent) if not self.boxes[s].get("history")]
        box["default"] = self.pick(real)

    # Arrows

    def give_arrows(self, state, box):
        arrows = [self.arrow(state) for _ in range(self.number(0, 3))]
        if arrows:
            box["transitions"] = arrows

    def arrow(self, state):
        arrow = {}
        free = self.eventless and self.chance(10)
        if not free:
            arrow["on"] = self.pick(self.names)
            if self.chance(10):
                arrow["on"] = list(dict.fromkeys([arrow["on"], self.pick(EVENTS)]))
        if self.chance(90):
            arrow["to"] = self.target(state)
            if self.chance(20):
                arrow["internal"] = True
        guard = self.guard(free)
        if guard is not None:
            arrow["when"] = guard
        if self.actions == "all" and self.chance(35):
            arrow["assign"] = {"n": self.pick(["data.n + 1", "data.n * 2", "event.n + 1"])}
        if self.actions != "none" and self.chance(30):
            arrow["do"] = self.effects(state)
        return arrow

    def target(self, state):
        parallel = [s for s, box in self.boxes.items() if box.get("parallel")]
        if parallel and self.chance(25):
            return self.across(self.pick(parallel))
        return self.pick(list(self.boxes))

    def across(self, parallel):
        """One state in each of some regions of a parallel state."""
        regions = [s for s in self.boxes[parallel]["states"] if not self.boxes[s].get("history")]
        chosen = [self.pick([r, *self.inside(r)]) for r in regions if self.chance(70)]
        chosen = [s for s in chosen if not self.boxes[s].get("history")]
        return chosen if len(chosen) > 1 else (chosen or [regions[0]])[0]

    def guard(self, free):
        if self.guards == "none":
            return "false" if free else None
        if self.chance(10 if free else 60):
            return None
        constant = ["true", "false"]
        if self.guards == "constant":
            return self.pick(["false", "false", *constant] if free else constant)
        state = self.pick([s for s, box in self.boxes.items() if not box.get("history")])
        return self.pick(
            [*constant, "data.n > 2", "data.n % 2 == 0", "event.n > 1", f'"{state}" in state']
        )

    def give_effects(self, state, box):
        if box.get("history"):
            return
        for key in ("on_enter", "enter", "exit"):
            if self.chance(10 if self.actions == "raise" else 20):
                box[key] = self.effects(state)

    def effects(self, state):
        if self.actions == "raise":
            return [{"kind": "raise", "event": self.pick(EVENTS)}]
        options = [
            {"kind": "log", "message": f"at {state}"},
            {"kind": "log", "message": "n is {{ data.n }}"},
            {"kind": "put_data", "key": "seen", "value": "{{ event.n }}"},
            {"kind": "raise", "event": self.pick(EVENTS)},
        ]
        return [self.pick(options) for _ in range(self.number(1, 2))]

    # Places

    def inside(self, state):
        return [s for s in self.boxes if state in self.above(s) or (not state)]

    def above(self, state):
        found = []
        while state in self.parents:
            state = self.parents[state]
            found.append(state)
        return found
