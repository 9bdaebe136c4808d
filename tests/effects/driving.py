"""Drive a composed effect by hand, one outcome at a time, and note all that happens to it."""

import json
from dataclasses import replace

from traaviis_lab.effects import WithCompensation
from traaviis_lab.effects.growing import CANCELLED, Tree, Walk, completed, failed
from traaviis_lab.effects.growing.places import above, effect_at
from traaviis_lab.effects.growing.values import tree_from_json, tree_to_json

MOST = 5_000


def no(kind="Refused", message="no"):
    """A failure with this error."""
    return failed({"kind": kind, "message": message})


class Drive:
    """One tree under way. `under_way` are its leaves by path, `ending` those told to end.

    `log` notes in order: `("start", path)`, `("stop", path)`, `("drop", path)`,
    `(status, path)` for an outcome that was brought home, `("free", path)`. `calls` are the calls
    that were started, in order.
    """

    def __init__(self, effect, data=None, given=None):
        if given is not None:
            effect = replace(effect, given=given)
        self.effect, self.data = effect, dict(data or {})
        self.tree = Tree(effect, "s", 0, 1, 0)
        self.under_way, self.ending, self.log = {}, set(), []
        self.asked, self.calls = {}, []
        self.ended = None
        self._go(Walk.begin)

    def outcome(self, path, outcome):
        """Bring a leaf's outcome home."""
        del self.under_way[path]
        self.ending.discard(path)
        self.log.append((outcome.status, path))
        self._go(lambda walk: walk.outcome(path, outcome))

    def leave(self):
        """Nobody waits for it any more."""
        self.log.append(("leave", ""))
        self._go(Walk.leave)

    def run(self, answer):
        """Go on till it has ended: what is told to end ends, and `answer` says of the others.

        Delays and clocks come last.
        """
        for _ in range(MOST):
            if self.ended is not None:
                return self.ended
            if self.ending:
                self.outcome(min(self.ending), CANCELLED)
            else:
                path = min(self.under_way, key=lambda one: self.asked[one].kind == "delay")
                self.outcome(path, answer(path, self.asked[path]))
        raise AssertionError("it does not come to its end")

    def started(self):
        """The paths of what was started, in order."""
        return [path for what, path in self.log if what == "start"]

    @property
    def called(self):
        """The functions that were called, in order."""
        return [effect.function for effect in self.calls]

    def _go(self, work):
        walk = self._walk()
        work(walk)
        for path, effect in walk.fresh.items():
            assert path not in self.under_way, f"{path} is started twice"
            self.under_way[path] = self.asked[path] = effect
            self.calls += [effect] if effect.kind == "call" else []
            self.log.append(("start", path))
        for path in walk.stops:
            assert path in self.under_way.keys() - self.ending, path
            self.ending.add(path)
            self.log.append(("stop", path))
        for path in walk.drops:
            del self.under_way[path]
            self.ending.discard(path)
            self.log.append(("drop", path))
        self.log += [("free", path) for path, _, _ in walk.freed]
        self.ended, self.tree = walk.ended, walk.tree()
        self._check()

    def _walk(self):
        """A walk of the tree as it comes back from JSON, as it does after a crash."""
        kept = json.dumps(tree_to_json(self.tree))
        again = tree_from_json(json.loads(kept))
        assert json.dumps(tree_to_json(again)) == kept
        return Walk(again, self.data, frozenset({"s"}), "run/1/0")

    def _check(self):
        """What is true at every moment."""
        nodes = self.tree.nodes
        if self.ended is not None:
            assert not self.under_way
            assert not nodes or self.tree.left, dict(nodes)
            return
        known = {p for p, n in nodes.items() if n.phase in ("running", "ending")}
        leaves = {p for p in known if not nodes[p].effect.composed}
        assert leaves == set(self.under_way)
        assert self.ending == {p for p in leaves if nodes[p].phase == "ending"}
        assert leaves, "nothing is under way, and it has not ended"
        for path in leaves:
            self._check_scope(path)

    def _check_scope(self, path):
        """All that is around a leaf is still there, up to the root."""
        nodes = self.tree.nodes
        while path:
            if nodes[path].phase == "undo" and nodes[path].back != path:
                path = nodes[path].back
            else:
                path = above(path)[0]
            assert path in nodes
            assert nodes[path].phase != "over"


def pair_at(root, path):
    """The effect at a path, if it is one that can be undone; else None."""
    try:
        found = effect_at(root, path)
    except (IndexError, ValueError, AssertionError):
        return None  # a wait, a clock, a permit; where a result is put
    return found if isinstance(found, WithCompensation) else None


def fine(path, effect):
    """Every leaf succeeds."""
    return completed({} if effect.kind == "permit" else f"r{path}")


def but(*functions):
    """Every leaf succeeds but the calls of these functions."""

    def answer(path, effect):
        return (
            no(message=path) if getattr(effect, "function", "") in functions else fine(path, effect)
        )

    return answer
