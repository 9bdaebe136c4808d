"""A fold over a run's facts: its effects as rows, of which old ones are only counted."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from traaviis_lab.journal import Fact

from .told import told_error, told_spec, told_value

KEEP_ROOTS = 12
"""Effects of the machine that are over and still told of."""
KEEP_LEAVES = 120
"""Leaves of one root that are over and still told of; as many again that failed."""
MAX_CUT = 24
"""Places whose left out leaves are counted one by one; the others count for the root."""
OPEN = frozenset({"running", "asks"})
_ENDS = {
    "effect.completed": "done",
    "effect.failed": "failed",
    "effect.cancelled": "cancelled",
}

Row = dict[str, Any]
"""`{path, kind, owner, status, seq, began, starts}`, and what is known of `ended, spec, fraction,
message, result, error, question`. `began` and `ended` are in milliseconds. A row never changes:
another takes its place."""


@dataclass(slots=True)
class Root:
    """One effect the machine asked for, and what is below it."""

    row: Row
    leaves: dict[str, Row] = field(default_factory=dict)
    cut: dict[str, Counter[str]] = field(default_factory=dict)
    well: deque[str] = field(default_factory=deque)
    badly: deque[str] = field(default_factory=deque)

    def over(self, row: Row) -> None:
        """A leaf is over: an older one may go."""
        queue = self.badly if row["status"] == "failed" else self.well
        queue.append(row["path"])
        while len(queue) > KEEP_LEAVES:
            gone = self.leaves.pop(queue.popleft(), None)
            if gone is not None:
                count_at(self.cut, self.row["path"], gone)


class Book:
    """The effects of one run. Facts are taken in order; not safe for threads."""

    def __init__(self) -> None:
        self.roots: dict[str, Root] = {}
        self.turns = 0

    def take(self, fact: Fact, body: Mapping[str, Any]) -> None:
        """Follow a fact of kind `effect.…` or `human.…`."""
        path = body.get("path")
        if not isinstance(path, str) or "/" not in path:
            return
        ended = _ENDS.get(fact.kind)
        if fact.kind == "effect.started":
            self._started(path, fact, body)
        elif ended is not None:
            self._ended(path, ended, fact, body)
        elif (row := self._row(path)) is not None:
            said = {"fraction": body.get("fraction"), "message": told_value(body.get("message"))}
            if fact.kind == "effect.progress":
                self._put({**row, **said})
            elif fact.kind == "human.asked":
                question = told_value(body.get("question", ""))
                self._put({**row, "status": "asks", "seq": fact.seq, "question": question})
            elif fact.kind == "human.answered":
                self._put({**row, "status": "running", "seq": fact.seq})

    def unnamed(self) -> list[str]:
        """The roots that began before the first fact that was taken."""
        return [path for path, root in self.roots.items() if "spec" not in root.row]

    def know(self, under_way: Iterable[Mapping[str, Any]]) -> None:
        """Take in what is under way and began before the first fact that was taken."""
        for one in sorted(under_way, key=lambda one: str(one["path"]).count("/")):
            row = self._row(one["path"])
            spec = told_spec(one["effect"])
            if row is None:
                row = _row(one["path"], one["kind"], one["owner"], one["began"], 0)
                status = "asks" if one.get("asks") else "running"
                self._put({**row, "spec": spec, "status": status})
            elif "spec" not in row:
                began = {"kind": one["kind"], "owner": one["owner"], "began": one["began"] // 1000}
                self._put({**row, **began, "spec": spec})

    def end(self, at: int) -> None:
        """The run is over: nothing is under way any more. `at` in microseconds."""
        for root in self.roots.values():
            for row in (*root.leaves.values(), root.row):
                if row["status"] in OPEN:
                    self._put({**row, "status": "cancelled", "ended": at // 1000})

    def _started(self, path: str, fact: Fact, body: Mapping[str, Any]) -> None:
        known = self._row(path)
        if known is not None and "spec" in known:
            again = {"status": "running", "starts": known["starts"] + 1, "seq": fact.seq}
            self._put({**known, **again})
            return
        row = _row(path, fact.name, body.get("owner"), fact.at, fact.seq)
        self._put({**row, "spec": told_spec(body.get("effect"))})

    def _ended(self, path: str, ended: str, fact: Fact, body: Mapping[str, Any]) -> None:
        row = self._row(path)
        if row is None:
            if root_of(path) == path or root_of(path) not in self.roots:
                return  # performed within its step, or begun before this book was
            row = _row(path, fact.name, body.get("owner"), fact.at, fact.seq)
            if "effect" in body:
                row["spec"] = told_spec(body["effect"])
        more: Row = {
            "kind": row["kind"] or fact.name,
            "status": ended,
            "seq": fact.seq,
            "ended": fact.at // 1000,
        }
        if ended == "failed":
            more["error"] = told_error(body.get("error"))
        elif body.get("result") is not None:
            more["result"] = told_value(body["result"])
        self._put({**row, **more})

    def _row(self, path: str) -> Row | None:
        root = self.roots.get(root_of(path))
        if root is None:
            return None
        return root.row if root.row["path"] == path else root.leaves.get(path)

    def _put(self, row: Row) -> None:
        self.turns += 1
        path, over = row["path"], row["status"] not in OPEN
        name = root_of(path)
        root = self.roots.get(name)
        if root is None:
            self.roots[name] = root = Root(_row(name, "", "", row["began"] * 1000, 0))
        if path != name:
            root.leaves[path] = row
            if over:
                root.over(row)
            return
        root.row = row
        if over:
            self._let_go()

    def _let_go(self) -> None:
        """Forget the oldest effects that are over."""
        done = [name for name, root in self.roots.items() if root.row["status"] not in OPEN]
        for name in done[:-KEEP_ROOTS]:
            del self.roots[name]


def root_of(path: str) -> str:
    """The path of the effect that the machine asked for."""
    return "/".join(path.split("/", 2)[:2])


def count_at(cut: dict[str, Counter[str]], root: str, row: Row) -> None:
    """Count a row that is left out where it stood; below the root where there are many places."""
    place = str(row["path"]).rpartition("/")[0]
    if place not in cut and len(cut) >= MAX_CUT:
        place = root
    cut.setdefault(place, Counter())[row["status"]] += 1


def _row(path: str, kind: str, owner: Any, at: int, seq: int) -> Row:
    return {
        "path": path,
        "kind": kind,
        "owner": owner or "",
        "status": "running",
        "seq": seq,
        "began": at // 1000,
        "starts": 1,
    }
