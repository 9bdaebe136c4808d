"""Replay many runs of a journal, and say of each whether it came out as recorded."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

from traaviis_lab.errors import Diverged, JournalError, LabError, RunNotFound
from traaviis_lab.journal import RunInfo
from traaviis_lab.machine import Chart
from traaviis_lab.travel import Trail, replay
from traaviis_lab.travel.replaying.divergence import said
from traaviis_lab.travel.replaying.replay import said_time
from traaviis_lab.views.text import counted

from .past import Past, run_ids
from .recording import recorded_chart

if TYPE_CHECKING:
    import pandas as pd

    from .lab import Lab

Progress = Callable[[int, int], None]
MOST_SHOWN = 20
_CONDITION = "Such as: machine = 'SmartDoor' and done and seq > 10"


class Replayed(NamedTuple):
    """One run of a `ReplayAll`. Where it is not `ok`: the seq, the likely cause and the first
    difference as text; `error` is the whole of it. `steps` is None where it diverged."""

    run: str
    machine: str
    facts: int
    steps: int | None
    ok: bool
    seq: int | None = None
    cause: str = ""
    expected: str = ""
    actual: str = ""
    seconds: float = 0.0
    error: LabError | None = None

    def to_json(self) -> dict[str, Any]:
        """The row for a script."""
        row = self._asdict()
        return {**row, "error": None if self.error is None else self.error.to_json()}


@dataclass(frozen=True)
class ReplayAll:
    """What came of replaying many runs: a row each, oldest first.

    `chart` is the one they were replayed on, None where each was on its own. `left_out` counts the
    runs of other machines by their names.
    """

    rows: tuple[Replayed, ...]
    chart: Chart | None = None
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every run came out as recorded; also true when there was none."""
        return not self.failed

    @property
    def failed(self) -> tuple[Replayed, ...]:
        """The runs that did not."""
        return tuple(row for row in self.rows if not row.ok)

    def to_frame(self) -> pd.DataFrame:
        """A row per run: run, machine, facts, steps, ok, seq, cause, expected, actual, seconds."""
        import pandas as pd

        columns = Replayed._fields[:-1]
        frame = pd.DataFrame([row[:-1] for row in self.rows], columns=list(columns))
        return frame.astype(
            {"facts": "int64", "steps": "Int64", "ok": "bool", "seq": "Int64", "seconds": "float"}
        )

    def to_json(self) -> dict[str, Any]:
        """All of it for a script."""
        rows = [row.to_json() for row in self.rows]
        chart = None if self.chart is None else self.chart.hash
        return {"ok": self.ok, "chart": chart, "runs": rows, "left_out": dict(self.left_out)}

    def __str__(self) -> str:
        facts, took = sum(r.facts for r in self.rows), sum(r.seconds for r in self.rows)
        good, bad = len(self.rows) - len(self.failed), len(self.failed)
        text = f"{counted(good, 'run')} came out as recorded, {bad} did not"
        others = ", ".join(f"{name} {count}" for name, count in self.left_out.items())
        out = f"; left out, of other machines: {others}" if others else ""
        return f"{text} ({counted(facts, 'fact')} in {said_time(took)}){out}"

    def __repr__(self) -> str:
        lines = [f"<ReplayAll: {self}>"]
        for row in self.failed[:MOST_SHOWN]:
            lines += [f"  {row.error}", f"    {row.cause}"]
        if len(self.failed) > MOST_SHOWN:
            lines.append(f"  and {len(self.failed) - MOST_SHOWN} more in .failed")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        shown = [*self.failed, *(row for row in self.rows if row.ok)][:MOST_SHOWN]
        names = ("run", "machine", "steps", "seq", "expected", "actual", "cause")
        head = "".join(f"<th>{name}</th>" for name in ("", *names))
        rows = "".join(_html_row(row, names) for row in shown)
        more = len(self.rows) - len(shown)
        foot = f"<p>and {more} more in <code>.rows</code></p>" if more else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        return f'<div class="tl-replay"><p>{escape(str(self))}</p>{table}{foot}</div>'


def replay_all(
    lab: Lab,
    chart: Chart | None,
    where: str = "",
    runs: Iterable[Past | str] | Past | str | None = None,
    progress: Progress | None = None,
) -> ReplayAll:
    """What `lab.replay_all` answers."""
    chosen = chosen_runs(lab, where, runs)
    mine = [info for info in chosen if chart is None or info.machine == chart.name]
    others = Counter(info.machine for info in chosen) - Counter(info.machine for info in mine)
    total, done, rows = sum(info.seq for info in mine), 0, list[Replayed]()
    charts: dict[str, Chart] = {}
    for info in mine:
        began = time.perf_counter()
        row = _replayed(lab, info, chart, charts)
        rows.append(row._replace(seconds=time.perf_counter() - began))
        done += info.seq
        if progress is not None:
            progress(done, total)
    return ReplayAll(tuple(rows), chart, dict(others))


def chosen_runs(
    lab: Lab, where: str, runs: Iterable[Past | str] | Past | str | None
) -> list[RunInfo]:
    """The runs that are meant, oldest first."""
    known = {info.run: info for info in lab.journal.runs()}
    if runs is not None:
        wanted = run_ids(runs)
        missing = [run for run in wanted if run not in known]
        if missing:
            raise RunNotFound(
                f"No run {missing[0]!r} in this journal.", hint="lab.runs() lists them."
            )
        known = {run: info for run, info in known.items() if run in set(wanted)}
    if not isinstance(where, str):
        raise LabError(f"{where!r} is no condition on the view `runs`.", hint=_CONDITION)
    if not where.strip():
        return list(known.values())
    try:
        found = lab.journal.sql(f"select run_id from runs where (\n{where}\n)")
    except JournalError as error:
        raise JournalError(
            f"{where!r} is no condition on the view `runs`: {error.message}",
            hint=error.hint or _CONDITION,
        ) from error
    held = set(found["run_id"])
    return [info for run, info in known.items() if run in held]


def _replayed(lab: Lab, info: RunInfo, chart: Chart | None, charts: dict[str, Chart]) -> Replayed:
    try:
        mine = chart or charts.get(info.chart)
        if mine is None:
            mine = charts[info.chart] = recorded_chart(lab, info.run)
        found = replay(Trail(lab.journal, info.run, mine, info))
    except Diverged as error:
        return Replayed(
            info.run, info.machine, info.seq, None, False, error.seq, error.hint,
            *_first_difference(error), error=error,
        )  # fmt: skip
    except LabError as error:
        row = Replayed(info.run, info.machine, info.seq, None, False, cause=error.message)
        return row._replace(error=error)
    return Replayed(info.run, info.machine, found.facts, found.steps, True)


def _first_difference(error: Diverged) -> tuple[str, str]:
    """What was expected and what came, for a cell of a table."""
    first = error.differences[0] if error.differences else {}
    path = first.get("path", "")
    if path == "refused":
        sides = [
            "refused" if "refused" in one else f"state: {said(one.get('state', ''))}"
            for one in (error.expected or {}, error.actual or {})
        ]
        return sides[0], sides[1]
    texts = [f"{path}: {said(first[k])}" if k in first else "" for k in ("expected", "actual")]
    return texts[0], texts[1]


def _html_row(row: Replayed, names: tuple[str, ...]) -> str:
    values = [getattr(row, name) for name in names]
    cells = "".join(f"<td>{escape('' if v is None else str(v))}</td>" for v in values)
    return f"<tr><td>{'✓' if row.ok else '✗'}</td>{cells}</tr>"
