"""A budget: how much may be used, of what, and by whose calls."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from traaviis_lab.errors import DefinitionError

from .number import plain_number

SCALES: Mapping[str, int] = {"usd": 10**9, "tokens": 1, "calls": 1, "seconds": 10**6}
"""The units, and into how many parts the books divide one: sums of whole parts are exact."""
UNITS = tuple(SCALES)
ABOUT = ("tenant", "machine", "run", "state", "agent")
LARGEST = 10**12
NAME_CHARACTERS = 200
_HINT = "lab.budget(usd=5), lab.budget(machine='Triage', state='answer', tokens=20_000)"


class Call(NamedTuple):
    """Whose call it is, as far as budgets ask.

    `states` are those it is made in; None where that is not known, and then it may be any.
    """

    tenant: str
    machine: str
    run: str
    states: Collection[str] | None = ()
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much the calls that it is about may use, together.

    Args:
        name: what it is called; made of what it is about where it is empty.
        limits: how much of each unit: `usd`, `tokens`, `calls`, `seconds`.
        tenant: only calls of this tenant's runs; empty: of all.
        machine: only those of this machine's runs.
        run: only those of this run.
        state: only those made in this state, or in one within it.
        agent: only those of this agent.
        per: "run" gives each run a budget of its own; empty: all share one.
        hard: whether a call that it does not cover is refused; else there is a warning.
        warn_at: the share of a limit from which on there is a warning, 0 to 1.
        account: the name of its books; another one where it was removed and begun anew.
    """

    name: str = ""
    limits: Mapping[str, float] = field(default_factory=dict)
    tenant: str = ""
    machine: str = ""
    run: str = ""
    state: str = ""
    agent: str = ""
    per: str = ""
    hard: bool = True
    warn_at: float = 0.8
    account: str = ""

    def __post_init__(self) -> None:
        """Check it, and give it its name."""
        for about in ABOUT:
            _check_text(about, getattr(self, about))
        object.__setattr__(self, "limits", _checked_limits(self.limits))
        if type(self.hard) is not bool:
            raise DefinitionError(f"budget: hard is {self.hard!r}.", hint="hard=True or False.")
        if self.per not in ("", "run"):
            raise DefinitionError(
                f"budget: per is {self.per!r}.", hint="per='run', or nothing: all share one."
            )
        if self.per and self.run:
            raise DefinitionError(
                f"budget: it is about run {self.run!r} alone, and per='run' means each of many.",
                hint="Say run= or per='run'.",
            )
        if self.state and not (self.machine or self.run):
            raise DefinitionError(
                f"budget: state {self.state!r} of which machine?",
                hint=f"lab.budget(machine='Triage', state={self.state!r}, usd=1)",
            )
        if not _is_number(self.warn_at) or not 0 < self.warn_at <= 1:
            raise DefinitionError(
                f"budget: warn_at is {self.warn_at!r}.", hint="A share above 0, up to 1: 0.8."
            )
        object.__setattr__(self, "name", self.name or self._usual_name())
        _check_text("name", self.name)
        if "#" in self.name:
            raise DefinitionError(f"budget: {self.name!r} has a '#'.", hint="Leave it out.")

    def _usual_name(self) -> str:
        parts = [f"{about} {value}" for about in ABOUT if (value := getattr(self, about))]
        return (" ".join(parts) or "lab") + (" per run" if self.per else "")

    @property
    def is_of_one_run(self) -> bool:
        """Whether only calls of a single run count together."""
        return bool(self.run or self.per)

    def is_about(self, call: Call) -> bool:
        """Whether this call counts here."""
        return (
            self.tenant in ("", call.tenant)
            and self.machine in ("", call.machine)
            and self.run in ("", call.run)
            and (not self.state or call.states is None or self.state in call.states)
            and self.agent in ("", call.agent)
        )

    def has(self, account: str) -> bool:
        """Whether these books are its own."""
        return account == self.account or bool(self.per and account.startswith(f"{self.account}/"))

    def account_of(self, run: str) -> str:
        """The books that a call of this run counts in."""
        return f"{self.account}/{run}" if self.per else self.account

    def to_json(self) -> dict[str, Any]:
        """As `budget.set` tells it; what is not said is left out."""
        about = {name: value for name in (*ABOUT, "per") if (value := getattr(self, name))}
        return {
            "budget": self.name,
            **about,
            "limits": dict(self.limits),
            "hard": self.hard,
            "warn_at": self.warn_at,
            "account": self.account,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Budget:
        """The budget that `to_json` wrote. Raises `DefinitionError` for what is none."""
        fields = {name: told[name] for name in (*ABOUT, "per", "hard", "warn_at") if name in told}
        limits, account = told.get("limits", {}), str(told.get("account", ""))
        return cls(str(told.get("budget", "")), limits, account=account, **fields)


def parts_of(unit: str, amount: float) -> int:
    """An amount in whole parts of its unit, never less than it is."""
    return math.ceil(amount * SCALES[unit] - 1e-6)


def amount_of(unit: str, parts: int) -> float:
    """So many parts as an amount of the unit; whole where the unit has no parts."""
    scale = SCALES[unit]
    return parts if scale == 1 else parts / scale


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


def _checked_limits(limits: Mapping[str, Any]) -> dict[str, float]:
    given = {unit: plain_number(one) for unit, one in limits.items() if one is not None}
    if not given:
        raise DefinitionError("budget: of what, and how much?", hint=_HINT)
    for unit, value in given.items():
        if unit not in SCALES:
            raise DefinitionError(
                f"budget: {unit!r} is not counted.", hint=f"Counted are: {', '.join(UNITS)}."
            )
        if not _is_number(value) or not 0 <= value <= LARGEST:
            raise DefinitionError(
                f"budget: {unit} is {value!r}.", hint=f"Write a number from 0 to {LARGEST:,}."
            )
        if SCALES[unit] == 1 and value != int(value):
            raise DefinitionError(f"budget: {unit} is {value!r}.", hint="Write a whole number.")
    return {unit: given[unit] for unit in UNITS if unit in given}


def _check_text(what: str, value: Any) -> None:
    if not isinstance(value, str) or len(value) > NAME_CHARACTERS or not value.isprintable():
        raise DefinitionError(
            f"budget: {what} is {value!r}.",
            hint=f"Use a text of at most {NAME_CHARACTERS} characters.",
        )
