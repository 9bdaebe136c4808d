"""What an estimate foresees of the calls of a run itself, by state and together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from .call import Foreseen, number


class Plan(NamedTuple):
    """What is foreseen by state, and of the whole; None where no estimate was made."""

    states: Mapping[str, Foreseen]
    whole: Foreseen | None


NO_PLAN = Plan({}, None)


def plan_of(body: Mapping[str, Any], *, below: bool = False) -> Plan:
    """The plan in a fact `estimate.made`.

    Only places that call a model count: waiting is no cost. Those of the machine itself count,
    and with `below` those of machines that it starts, under `Machine.state`.
    """
    states: dict[str, Foreseen] = {}
    for line in body.get("lines", ()):
        own = line.get("machine") == body.get("machine")
        if line.get("model") and (own or below):
            state = str(line.get("state", ""))
            state = state if own else f"{line.get('machine')}.{state}"
            states[state] = plus([states.get(state, _NOTHING), _foreseen(line)])
    return Plan(states, plus(states.values()))


def plus(several: Iterable[Foreseen]) -> Foreseen:
    """All together; a unit of which one is not known is not known."""
    units = zip(_NOTHING, *several, strict=True)
    return Foreseen(*(None if None in unit else sum(v for v in unit if v) for unit in units))


_NOTHING = Foreseen(0.0, 0.0, 0.0)


def _foreseen(line: Mapping[str, Any]) -> Foreseen:
    reads, writes = _expected(line.get("tokens_in")), _expected(line.get("tokens_out"))
    tokens = None if reads is None or writes is None else reads + writes
    return Foreseen(_expected(line.get("usd")), tokens, _expected(line.get("seconds")))


def _expected(amount: Any) -> float | None:
    """The average: of many runs the averages add up, medians do not."""
    return number(
        amount.get("expected", amount.get("p50")) if isinstance(amount, Mapping) else amount
    )
