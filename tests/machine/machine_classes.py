"""Turn a chart document into the Machine class that says the same."""

import types

from traaviis_lab.effects import read_effect
from traaviis_lab.machine import Machine, State


def machine_class(normal, chance=None):
    """The class of a document in normal form; `chance` picks between ways to say a thing."""
    maker = _Maker(chance)
    top = maker.states(normal["states"], normal)
    keywords = {}
    if normal.get("parallel"):
        keywords["parallel"] = True
    elif str(normal["initial"]) in normal["states"] and maker.flips():
        maker.made[normal["initial"]].is_initial = True
    else:
        keywords["initial"] = normal["initial"]
    maker.draw_arrows()
    body = dict(maker.made)
    if normal.get("parallel"):
        # Attributes are in the order in which they are assigned; regions in that of `order`.
        for name in normal.get("order", sorted(s.id for s in top if "history" not in s.words)):
            body[name] = body.pop(name)
    body |= {"name": normal["name"], "version": normal["version"]}
    body |= {key: normal[key] for key in ("data", "events") if key in normal}
    body["__doc__"] = "\n\n".join(normal[key] for key in ("title", "notes") if key in normal)
    return types.new_class("Made", (Machine,), keywords, lambda space: space.update(body))


class _Maker:
    def __init__(self, chance):
        self.chance = chance
        self.made = {}
        self.later = []

    def flips(self):
        return self.chance is not None and self.chance.random() < 0.5

    def states(self, documents, around):
        names = list(documents)
        if around.get("parallel"):
            order = around.get("order", sorted(n for n in names if "history" not in documents[n]))
            names.sort(key=lambda name: order.index(name) if name in order else len(order))
        return [self.state(name, documents[name]) for name in names]

    def state(self, name, document):
        words = {
            key: value
            for key, value in document.items()
            if key not in ("states", "transitions", "after", "meta", "order")
        }
        for key in ("on_enter", "enter", "exit"):
            if key in words and self.flips():
                words[key] = [read_effect(effect) for effect in words[key]]
        children = self.states(document.get("states", {}), document)
        start = words.get("initial")
        if isinstance(start, str) and self.flips():
            words["initial"] = self.made[start]
            if self.made[start] in children:
                del words["initial"]
                self.made[start].is_initial = True
        meta = document.get("meta", {})
        state = State(states=children, id=name, **words, **meta)
        self.made[name] = state
        self.later.append((state, document))
        return state

    def draw_arrows(self):
        for state, document in self.later:
            for arrow in document.get("transitions", ()):
                words = dict(arrow)
                state.to(self.target(words.pop("to", None)), **words)
            for arrow in document.get("after", ()):
                words = dict(arrow)
                state.after(words.pop("delay"), self.target(words.pop("to", None)), **words)

    def target(self, named):
        if self.flips() or named is None:
            return named
        if isinstance(named, list):
            return [self.made[name] for name in named]
        return self.made[named]
