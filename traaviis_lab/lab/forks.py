"""Fork a run, and find one's way in the tree of runs that comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from traaviis_lab.errors import RunNotFound
from traaviis_lab.journal import RunInfo
from traaviis_lab.machine import Event
from traaviis_lab.runtime import chart_like
from traaviis_lab.runtime.engine import taken
from traaviis_lab.runtime.forking.change import Asked, read_change
from traaviis_lab.runtime.forking.fork import Parent, go_live, rehearse

from .names import new_id
from .standing import Standing

if TYPE_CHECKING:
    import pandas as pd

    from .run import Run

FORKS = ("run", "at", "machine", "state", "status", "seq", "started")


class Forks(Standing):
    """The half of `Run` and of `Recording` that goes another way. The run itself stays as it is."""

    tenant: Any

    def fork(  # noqa: PLR0913 - one verb; whoever uses two of these names them
        self,
        at: int | None = None,
        *,
        event: Event | str | None = None,
        data: Mapping[str, Any] | None = None,
        drop: int | Iterable[int] = (),
        results: Mapping[str, Any] | None = None,
        chart: Any = None,
        until: int | str | None = None,
        id: str | None = None,
        live: bool = False,
    ) -> Run:
        """Another run that goes on from this one as it was after fact `at`, otherwise.

        Args:
            at: the place; None: the end.
            event: an event to send there.
            data: fields to lay over the data there, before the event.
            drop: seqs of inputs (events, timers, outcomes) that are left out.
            results: outcomes of effects by path, in place of the recorded ones; an error fails.
            chart: another machine to go on with; without `at` the whole history runs on it.
            until: how far the recorded inputs after `at` are taken along, a seq or "end";
                None: not at all where `at` is given, else to the end.
            id: the fork's id.
            live: whether it may perform effects that no record has a result for.

        Raises `ResultMissing` where it needs a result that no record has, `EventRefused` if the
        event is not taken, `LabError` for a place, a seq, a path or data that cannot be. Nothing
        is written then.
        """
        from traaviis_lab.runtime.ids import check_id

        lab = self.lab
        last = self.seq
        onto = None if chart is None else chart_like(chart)
        asked = Asked(at, until, data, event, drop, results, onto, live)
        change = read_change(lab.journal, self.id, last, asked)
        mine = onto or self.chart
        run_id = new_id(f"{mine.name}Fork") if id is None else check_id(id)
        if id is not None and lab.journal.info(run_id) is not None:
            raise taken(run_id)
        parent = Parent(lab.journal, self.id, self.chart, self.tenant, last)
        made = rehearse(parent, run_id, change, mine, lab.clock, live)
        if mine.name not in lab.machines():
            lab.add(mine)
        return lab._face(lab.acknowledged(lambda ack: go_live(lab._engine, made, ack)))

    @cached_property
    def forked_from(self) -> str | None:
        """The id of the run it was forked from, None where it is no fork."""
        return self._recorded().forked_from or None

    @cached_property
    def forked_at(self) -> int | None:
        """The place in its parent's record where it begins (0: anew), None where it is no fork."""
        info = self._recorded()
        return info.forked_at if info.forked_from else None

    @property
    def refused_inputs(self) -> list[dict[str, Any]]:
        """What its parent took and the fork did not: `{seq, parent_seq, event, reason}` each."""
        found = []
        for fact in self.lab.journal.read(self.id):
            if fact.kind == "event.refused" and b'"recorded":' in fact.body:
                body = orjson.loads(fact.body)
                if "recorded" in body:
                    seq = body["recorded"]["seq"]
                    found.append(
                        {"seq": fact.seq, "parent_seq": seq, "event": fact.name,
                         "reason": body["reason"]}
                    )  # fmt: skip
        return found

    def forks(self) -> pd.DataFrame:
        """A row per run that was forked from this one: run, at, machine, state, status, seq."""
        import pandas as pd

        mine = [info for info in self.lab.journal.runs() if info.forked_from == self.id]
        rows = [{**self._row(info), "started": info.started} for info in mine]
        frame = pd.DataFrame(rows, columns=list(FORKS))
        frame["started"] = pd.to_datetime(frame["started"], unit="us")
        return frame

    def family(self) -> list[dict[str, Any]]:
        """The tree it belongs to, root first and each run before its forks.

        A row has run, parent, at, machine, state, status (`running`, `asleep`, `done`) and seq.
        """
        runs = {info.run: info for info in self.lab.journal.runs()}
        root, seen = self.id, {self.id}
        while (parent := runs[root].forked_from) and parent in runs and parent not in seen:
            root = parent
            seen.add(parent)
        children: dict[str, list[RunInfo]] = {}
        for info in runs.values():
            if info.forked_from and info.run != root:
                children.setdefault(info.forked_from, []).append(info)
        rows, todo = [], [runs[root]]
        while todo:
            info = todo.pop()
            rows.append(self._row(info))
            todo += reversed(children.get(info.run, ()))
        return rows

    def _row(self, info: RunInfo) -> dict[str, Any]:
        live = info.run in self.lab._engine.runs
        return {
            "run": info.run,
            "parent": info.forked_from or None,
            "at": info.forked_at if info.forked_from else None,
            "machine": info.machine,
            "state": info.state,
            "status": "done" if info.done else "running" if live else "asleep",
            "seq": info.seq,
        }

    def _recorded(self) -> RunInfo:
        info = self.lab.journal.info(self.id)
        if info is None:
            raise RunNotFound(f"No run {self.id!r} in this journal.", hint="lab.runs() lists them.")
        return info
