"""An estimate of a whole run: what it will take by state and by place, and what is not known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .foreseen import Spread, spread_from_json, tidy

AMOUNTS = ("calls", "tokens_in", "tokens_out", "usd", "seconds")


@dataclass(frozen=True, slots=True)
class EstimateLine:
    """One place of a machine: an effect that calls a model, or takes time.

    `reached` is the share of walks that came by. `usd` is None where a price is not known,
    `seconds` where nobody knows how long it takes.
    """

    machine: str
    state: str
    node: str
    kind: str
    model: str
    reached: float
    calls: Spread
    tokens_in: Spread
    tokens_out: Spread
    usd: Spread | None
    seconds: Spread | None
    why: str

    def to_json(self) -> dict[str, Any]:
        """The line by name."""
        said = {name: getattr(self, name) for name in ("machine", "state", "node", "kind")}
        return {
            **said, "model": self.model, "reached": round(self.reached, 4),
            **{name: _json(getattr(self, name)) for name in AMOUNTS}, "why": self.why,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Estimated:
    """What a run will take.

    Args:
        machine: the machine's name.
        version: its version.
        chart: its chart's hash.
        tenant: for whom.
        run: the run it is about; "": one that is not begun.
        calls: calls of models.
        tokens_in: tokens they read.
        tokens_out: tokens they write.
        usd: US dollars; None where the price of a model on the way is not known.
        seconds: from the first fact to the last; what people take is not counted. None where
            it is not known of an effect on the way how long it takes.
        lines: by place.
        ends: how walks ended, with the share of those that did.
        guesses: what was decided by even odds or a guess, in sentences.
        unknowns: what is not known, in sentences.
        walks: how many walks through the chart there were.
        runs: how many runs of this machine the odds are from.
    """

    machine: str
    version: str
    chart: str
    tenant: str
    run: str
    calls: Spread
    tokens_in: Spread
    tokens_out: Spread
    usd: Spread | None
    seconds: Spread | None
    lines: tuple[EstimateLine, ...] = ()
    ends: tuple[tuple[str, float], ...] = ()
    guesses: tuple[str, ...] = ()
    unknowns: tuple[str, ...] = ()
    walks: int = 0
    runs: int = 0

    def to_json(self) -> dict[str, Any]:
        """The estimate as it stands in its fact."""
        said = {name: getattr(self, name) for name in ("machine", "version", "chart", "tenant")}
        return {
            **said,
            "run": self.run,
            **{name: _json(getattr(self, name)) for name in AMOUNTS},
            "states": self.states(),
            "lines": [line.to_json() for line in self.lines],
            "ends": [[how, round(share, 4)] for how, share in self.ends],
            "guesses": list(self.guesses),
            "unknowns": list(self.unknowns),
            "walks": self.walks,
            "runs": self.runs,
        }

    def states(self) -> list[dict[str, Any]]:
        """What each state of the machine itself is expected to take, in the order reached."""
        found: dict[str, dict[str, Any]] = {}
        for line in self.lines:
            if line.machine != self.machine:
                continue
            row = found.setdefault(line.state, {"state": line.state, **dict.fromkeys(AMOUNTS, 0.0)})
            for name in AMOUNTS:
                amount: Spread | None = getattr(line, name)
                known = row[name] is not None and amount is not None
                row[name] = row[name] + amount.expected if known and amount else None
        return [
            {name: one if name == "state" else tidy(one) for name, one in row.items()}
            for row in found.values()
        ]


def estimated_from_json(body: dict[str, Any]) -> Estimated:
    """The estimate that `to_json` wrote."""
    told = {name: body[name] for name in ("machine", "version", "chart", "tenant", "run")}
    lines = tuple(
        EstimateLine(
            **{k: v for k, v in line.items() if k not in AMOUNTS},
            **{name: spread_from_json(line[name]) for name in AMOUNTS},  # type: ignore[arg-type]
        )
        for line in body["lines"]
    )
    return Estimated(
        **told,
        **{name: spread_from_json(body[name]) for name in AMOUNTS},  # type: ignore[arg-type]
        lines=lines,
        ends=tuple((how, share) for how, share in body["ends"]),
        guesses=tuple(body["guesses"]),
        unknowns=tuple(body["unknowns"]),
        walks=body["walks"],
        runs=body["runs"],
    )


def _json(spread: Spread | None) -> dict[str, Any] | None:
    return None if spread is None else spread.to_json()
