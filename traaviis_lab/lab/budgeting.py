"""Budgets of a lab: setting them, and seeing what is left of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from traaviis_lab.cost.budget import Budget
from traaviis_lab.errors import DefinitionError, LabError
from traaviis_lab.machine import Chart, State
from traaviis_lab.machine.names import did_you_mean

from .budget_table import Budgets, Row
from .strangers import strangers

if TYPE_CHECKING:
    from collections.abc import Callable

    from traaviis_lab.runtime import Engine

    from .thread import LoopThread


_LOGGER = logging.getLogger("traaviis_lab")


class Budgeting:
    """The part of `Lab` that says how much its runs may spend."""

    if TYPE_CHECKING:
        _engine: Engine
        _thread: LoopThread

        def acknowledged(self, work: Callable[..., Any]) -> Any:
            """Have `work` done on the engine's loop, as the lab does it."""

    def budget(
        self,
        name: str = "",
        *,
        usd: float | None = None,
        tokens: int | None = None,
        calls: int | None = None,
        seconds: float | None = None,
        **about: Any,
    ) -> Row:
        """Set how much the calls of models may use together; answers how it stands.

        `lab.budget(usd=5)` is about all calls, `lab.budget(machine=Triage, state="answer",
        tokens=20_000)` about some. Setting it again under the same name gives it other limits:
        what is spent stays spent.

        Args:
            name: what it is called; made of what it is about, where you say none.
            usd: US dollars. The limits are whatever of these four you say.
            tokens: tokens read and written.
            calls: how many calls.
            seconds: time in these calls.
            about: `tenant`, `machine`, `run`, `state`, `agent`: only calls of these;
                `per="run"`: each run has a budget of its own; `hard=False`: what it does not
                cover is warned of and not refused; `warn_at=0.8`: the share of a limit from which
                on there is a warning.

        A machine or tenant that nobody here knows may come later; where its name is much like one
        that is known, a warning says so.

        Raises `DefinitionError` for what makes no budget, and `JournalLocked` while another
        living process keeps the budgets of this journal.
        """
        limits = {"usd": usd, "tokens": tokens, "calls": calls, "seconds": seconds}
        budget = Budget(name, limits, **_checked(about))  # type: ignore[arg-type]
        self._check_state(about.get("machine"), budget)
        for said in strangers(self._engine, budget):
            _LOGGER.warning("budget %r: %s", budget.name, said)
        self.acknowledged(lambda ack: self._engine.spending.set(budget, ack))
        return self.budgets()[budget.name]

    def budgets(self) -> Budgets:
        """Every budget, with what is spent, set aside and left.

        As the last value of a cell a table with bars; `.frame()` is the DataFrame, `["name"]` one
        of them, and `.remove("name")` forgets one.
        """
        return Budgets(self._thread.ask(self._rows), self._remove)

    def _check_state(self, machine: Any, budget: Budget) -> None:
        """Raise `DefinitionError` for a state that its machine, where it is known, has not."""
        chart = getattr(machine, "chart", machine)
        live = self._engine.runs.get(budget.run)
        if not isinstance(chart, Chart):
            known = self._engine.machines.get(budget.machine)
            chart = live.chart if live is not None else known
        if budget.state and chart is not None and budget.state not in chart.states:
            raise DefinitionError(
                f"budget: {chart.name} has no state {budget.state!r}.",
                hint=did_you_mean(budget.state, chart.states),
            )

    def _rows(self) -> list[Row]:
        spending = self._engine.spending
        return [
            row
            for budget in spending.budgets.values()
            for row in Row.all_of(budget, spending.ledger)
        ]

    def _remove(self, name: str) -> None:
        self.acknowledged(lambda ack: self._engine.spending.remove(name, ack))


_ABOUT = ("tenant", "machine", "run", "state", "agent", "per", "hard", "warn_at")


def _checked(about: dict[str, Any]) -> dict[str, Any]:
    """What a budget is about, with machines and runs by their names."""
    for name in about:
        if name not in _ABOUT:
            raise DefinitionError(
                f"budget: {name!r} is not known.",
                hint=f"It takes usd, tokens, calls, seconds, and {', '.join(_ABOUT)}.",
            )
    found = dict(about)
    for name in ("tenant", "machine", "run", "state", "agent"):
        if found.get(name) is None:
            found.pop(name, None)
        elif found[name] == "":
            raise DefinitionError(
                f"budget: {name} is empty.", hint="Leave it out, and it is about all of them."
            )
    machine = getattr(found.get("machine"), "chart", found.get("machine"))
    if isinstance(machine, Chart):
        found["machine"] = machine.name
    if isinstance(found.get("state"), State):
        found["state"] = found["state"].id
    run = found.get("run")
    if run is not None and not isinstance(run, str):
        if not isinstance(getattr(run, "id", None), str):
            raise LabError(f"{run!r} is no run.", hint="Pass a run or its id.")
        found["run"] = run.id
    return found
