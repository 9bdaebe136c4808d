"""The tree of forks a run belongs to, kept up to date while somebody looks."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from traaviis_lab.errors import LabError
from traaviis_lab.journal import Fact
from traaviis_lab.widgets.pump import UIPump, the_pump

from .subject import Subject

_TELLING = frozenset({"run.forked", "run.started", "run.done"})


class Tree:
    """The runs a subject is related to by forks. The pump calls `flush` when one is added."""

    pause = 0.3

    def __init__(
        self,
        subject: Subject,
        send: Callable[[dict[str, Any]], None],
        *,
        pump: UIPump | None = None,
    ) -> None:
        self.subject, self._send, self._pump = subject, send, pump or the_pump()
        self._nodes = family(subject)
        self.close = weakref.finalize(self, subject.lab().events(_weakly(self)))

    def whole(self) -> dict[str, Any]:
        """The message that shows the tree."""
        return {"type": "tree", "nodes": self._nodes}

    def whole_now(self) -> dict[str, Any]:
        """The message, after another look."""
        self._nodes = family(self.subject) or self._nodes
        return self.whole()

    def hear(self, fact: Fact) -> None:
        """A fact of some run: where it may change the tree, the tree is looked at again."""
        if fact.kind == "run.done" and fact.run not in {node["run"] for node in self._nodes}:
            return
        if fact.kind == "run.started" and b'"forked_from":' not in fact.body:
            return
        self._pump.mark(self)

    def flush(self) -> None:
        """Send the tree if it is another one."""
        if not self.close.alive:
            return
        nodes = family(self.subject)
        if nodes and nodes != self._nodes:
            self._nodes = nodes
            self._send(self.whole())


def family(subject: Subject) -> list[dict[str, Any]]:
    """A row per run of the tree, root first: run, parent, at, machine, state, status, seq, note."""
    try:
        rows = subject.seen().family()
    except LabError:
        return []
    return [{"note": "", **row} for row in rows]


def _weakly(tree: Tree) -> Callable[[Fact], None]:
    ref = weakref.ref(tree)

    def hear(fact: Fact) -> None:
        if fact.kind in _TELLING and (tree := ref()) is not None:
            tree.hear(fact)

    return hear
