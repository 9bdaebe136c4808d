"""All runs of a lab as a table that facts keep up to date, and windows on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from traaviis_lab.journal import Fact, RunInfo

MAX_LIMIT = 200
MAX_GROUPS = 300


@dataclass(slots=True)
class Row:
    """What the panel shows of one run."""

    id: str
    machine: str
    state: str
    status: str
    seq: int
    tenant: str
    at: int

    def to_json(self) -> dict[str, Any]:
        """The row as the browser gets it; `at` in milliseconds."""
        return {
            "id": self.id,
            "machine": self.machine,
            "state": self.state,
            "status": self.status,
            "seq": self.seq,
            "tenant": self.tenant,
            "at": self.at // 1000,
        }


@dataclass(frozen=True, slots=True)
class Look:
    """Which rows one view of the panel looks at."""

    offset: int = 0
    limit: int = 12
    text: str = ""
    machine: str = ""
    state: str = ""
    running: bool = False

    def fits(self, row: Row) -> bool:
        """Whether the row is one of them."""
        if self.machine and row.machine != self.machine:
            return False
        if self.state and row.state != self.state:
            return False
        if self.running and row.status != "running":
            return False
        text = self.text
        return not text or any(text in word.lower() for word in (row.id, row.state, row.tenant))


class Board:
    """Rows by run id, newest last, with counts by machine and state. Not safe for threads."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self._running = 0

    def load(self, runs: Iterable[RunInfo], live: Container[str]) -> None:
        """Take in what the journal knows. A run that is not done and not `live` here is asleep."""
        for info in runs:
            status = "done" if info.done else "running" if info.run in live else "asleep"
            row = Row(info.run, info.machine, info.state, status, info.seq, info.tenant, info.at)
            self._put(row)

    def take(self, fact: Fact) -> None:
        """Follow one fact. One seen before changes nothing."""
        row = self.rows.get(fact.run)
        if row is not None and fact.seq <= row.seq:
            return
        if row is None:
            machine = ""
            if fact.kind == "run.started":
                machine = str(orjson.loads(fact.body).get("machine", fact.name))
            elif fact.kind == "run.forked":
                machine = fact.name  # its body may be large
            row = Row(fact.run, machine, "", "running", 0, fact.tenant, 0)
        else:
            self._count(row, -1)
        row.seq, row.at = fact.seq, fact.at
        row.state = fact.state or row.state
        if fact.kind == "run.done":
            row.status = "done" if fact.name == "done" else "stopped"
        elif fact.kind == "event":
            row.status = "running"
        self.rows[row.id] = row
        self._count(row, 1)

    def wake(self, run: str) -> None:
        """A run that was asleep is live again."""
        row = self.rows.get(run)
        if row is not None and row.status == "asleep":
            self._count(row, -1)
            row.status = "running"
            self._count(row, 1)

    def sums(self) -> dict[str, Any]:
        """The counts: `{total, running, groups: [{machine, state, count}]}`."""
        groups = [
            {"machine": machine, "state": state, "count": count}
            for (machine, state), count in sorted(
                self._counts.items(), key=lambda item: (item[0][0], -item[1], item[0][1])
            )
        ]
        return {"total": len(self.rows), "running": self._running, "groups": groups[:MAX_GROUPS]}

    def window(self, look: Look) -> dict[str, Any]:
        """The rows a view looks at, newest run first: `{offset, matches, rows}`."""
        found = list(self._matching(look))
        offset = max(0, min(look.offset, len(found) - 1)) if found else 0
        offset -= offset % max(1, look.limit)
        rows = [row.to_json() for row in found[offset : offset + min(look.limit, MAX_LIMIT)]]
        return {"offset": offset, "matches": len(found), "rows": rows}

    def _matching(self, look: Look) -> Iterator[Row]:
        newest_first = reversed(self.rows.values())
        if not (look.text or look.machine or look.running):
            return newest_first
        return (row for row in newest_first if look.fits(row))

    def _put(self, row: Row) -> None:
        known = self.rows.get(row.id)
        if known is not None:
            if known.seq >= row.seq:
                return
            self._count(known, -1)
        self.rows[row.id] = row
        self._count(row, 1)

    def _count(self, row: Row, by: int) -> None:
        key = (row.machine, row.state)
        self._counts[key] += by
        if not self._counts[key]:
            del self._counts[key]
        if row.status == "running":
            self._running += by
