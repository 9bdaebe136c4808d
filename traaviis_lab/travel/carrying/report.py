"""A run as one HTML page that needs nothing from outside, and that stays small for a long run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from traaviis_lab.journal import Fact
from traaviis_lab.travel.trail import Moment, Trail
from traaviis_lab.views import ReportRun, to_html

FACTS = 20_000
"""Of a longer run the page shows the first and the last ones."""
BYTES = 12 * 2**20
"""How large the data of all its steps may be; above that, the middle is left out."""
_FIELD, _TEXT, _ITEMS, _DEPTH = 4_096, 300, 40, 5
_BODY = 1_000


def report_page(trail: Trail) -> str:
    """The page: diagram, timeline, data after each step, journal.

    Raises `NotInstalled` where graphviz is missing, `Diverged` where the chart no longer takes
    what it took then.
    """
    seen = _Seen()
    last = trail.seq
    half = FACTS // 2
    parts = [(0, last)] if last <= FACTS else [(0, half), (last - half, last)]
    for after, upto in parts:
        for moment in trail.walk(after, upto):
            seen.add(moment)
    steps = _within(seen.steps, BYTES)
    run = ReportRun(trail.run, trail.chart, steps, seen.facts, seen.refused, _about(trail))
    return to_html(run, title=f"{trail.chart.name}: {trail.run}", note=_note(seen, steps, last))


class _Sized(NamedTuple):
    row: dict[str, Any]
    size: int


class _Seen:
    """What the page shows, as it is met on the way."""

    def __init__(self) -> None:
        self.steps: list[_Sized] = []
        self.facts: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.shortened = 0
        self._short: dict[str, tuple[Any, Any]] = {}

    def add(self, moment: Moment) -> None:
        """Note down one fact."""
        fact, body = moment.fact, moment.body
        head = {"seq": fact.seq, "at": fact.at, "kind": fact.kind, "name": fact.name}
        self.facts.append({**head, "body": _beginning(fact)})
        if moment.step is not None:
            self._step(moment, head)
        elif fact.kind == "run.forked":
            self._stand(moment, head)
        elif fact.kind == "event.refused":
            self.refused.append({**head, "reason": body["reason"], "data": short(body["data"])})

    def _step(self, moment: Moment, head: Mapping[str, Any]) -> None:
        fact, body = moment.fact, moment.body
        came = {"run.started": "", "event": fact.name}.get(fact.kind, fact.kind)
        brought = body.get("data") if fact.kind == "event" else body.get("patch")
        row = {
            **head,
            "event": came,
            "event_data": short(brought),
            "state": body["step"]["state"],
            "taken": body["step"]["taken"],
            "effects": [short(effect) for effect in body["step"].get("effects", ())],
        }
        self._keep(row, moment.after.data)

    def _stand(self, moment: Moment, head: Mapping[str, Any]) -> None:
        """A fork begins where another run stood."""
        active = sorted(moment.after.active)
        row = {**head, "event": "forked", "event_data": {}, "state": active, "taken": []}
        self._keep(row, moment.after.data)

    def _keep(self, row: dict[str, Any], data: Mapping[str, Any]) -> None:
        size = len(orjson.dumps([row["event_data"], row.get("effects", [])])) + 100
        shown = {}
        for name, value in data.items():
            known = self._short.get(name)
            if known is None or known[0] is not value:
                known = self._short[name] = (value, short(value))
                size += len(orjson.dumps(known[1]))
                self.shortened += known[1] is not value
            shown[name] = known[1]
        self.steps.append(_Sized({**row, "data": shown}, size))


def short(value: Any) -> Any:
    """The value itself, or where it is large what it begins with; "…" says where it was cut."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if len(orjson.dumps(value)) <= _FIELD:
        return value
    cut = _cut(value, _DEPTH)
    text = orjson.dumps(cut)
    return cut if len(text) <= _FIELD else f"{text[: _FIELD // 2].decode(errors='ignore')}…"


def _cut(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        rest = len(value) - _TEXT
        return value if rest <= 0 else f"{value[:_TEXT]}… {rest:,} more"
    if isinstance(value, Mapping):
        if depth == 0:
            return "{…}"
        shown = {key: _cut(one, depth - 1) for key, one in list(value.items())[:_ITEMS]}
        return shown if len(value) <= _ITEMS else {**shown, "…": f"{len(value) - _ITEMS:,} more"}
    if isinstance(value, Sequence):
        if depth == 0:
            return "[…]"
        # The end of a list that grows says most.
        half = _ITEMS // 2
        if len(value) <= _ITEMS:
            return [_cut(one, depth - 1) for one in value]
        gap = f"… {len(value) - 2 * half:,} more …"
        ends = [[_cut(one, depth - 1) for one in part] for part in (value[:half], value[-half:])]
        return [*ends[0], gap, *ends[1]]
    return value


def _within(steps: Sequence[_Sized], most: int) -> list[dict[str, Any]]:
    """All steps, or as many of the first and the last ones as there is room for."""
    if sum(step.size for step in steps) <= most:
        return [step.row for step in steps]
    first, last, room = 0, len(steps), most
    while first < last:
        step = steps[first] if first <= len(steps) - last else steps[last - 1]
        room -= step.size
        if room < 0:
            break
        first, last = (first + 1, last) if first <= len(steps) - last else (first, last - 1)
    return [step.row for step in (*steps[:first], *steps[last:])]


def _note(seen: _Seen, steps: Sequence[Any], last: int) -> str:
    """What the page does not show, in a sentence each."""
    said = []
    if last > FACTS:
        said.append(
            f"The run has {last:,} facts; here are the first and the last {FACTS // 2:,} of them."
        )
    if len(steps) < len(seen.steps):
        said.append(f"Of {len(seen.steps):,} steps the {len(steps):,} outer ones are shown.")
    if seen.shortened:
        said.append("Large values are cut.")
    return " ".join(said) + (" The journal has all of it." if said else "")


def _about(trail: Trail) -> dict[str, str]:
    info = trail.journal.info(trail.run) or trail.info
    began, ended = (
        datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        for at in (info.started, info.at)
    )
    about = {"Began": began, "Last fact": ended, "Tenant": info.tenant}
    if info.forked_from is not None:
        about["Fork of"] = f"{info.forked_from} at seq {info.forked_at}"
    return about


def _beginning(fact: Fact) -> str:
    text = fact.body[: 4 * _BODY].decode(errors="ignore")[:_BODY]
    return text if len(fact.body) <= _BODY else f"{text}… ({len(fact.body):,} bytes)"
