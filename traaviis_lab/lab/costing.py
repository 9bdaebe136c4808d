"""What runs cost: of one run, live in a notebook, and of many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from traaviis_lab.cost.number import plain_number
from traaviis_lab.errors import LabError
from traaviis_lab.travel.costing import Costs, ManyCosts, read_account, read_many
from traaviis_lab.travel.costing.family import calls_in, family_of
from traaviis_lab.travel.costing.limits import Limit, limits_of

from .faces import mimebundle

if TYPE_CHECKING:
    from .lab import Lab
    from .past import Past
    from .recording import Recording
    from .run import Run


class RunCosts(Costs):
    """The costs of a run as of a fact; as the last value of a cell they are live.

    With those of the runs that it started they are as they were when they were asked for.
    """

    def __init__(self, thing: Past, upto: int | None = None, children: bool = False) -> None:
        if type(children) is not bool:
            raise LabError(f"children={children!r} is neither true nor false.", hint="True")
        upto = plain_number(upto)  # also one out of a table
        if upto is not None and (type(upto) is not int or upto < 0):
            raise LabError(f"{upto!r} is the seq of no fact.", hint="run.costs(12), or run.costs()")
        seq = thing.seq if upto is None else min(upto, thing.seq)
        journal, now = thing.lab.journal, seq == thing.seq
        family = family_of(journal, thing.id, thing.chart)
        left_out = 0 if children else calls_in(journal, family)
        counted = family if children else ()
        account, calls = read_account(journal, thing.id, seq, counted, now=now)
        super().__init__(thing.id, thing.chart, seq, account, calls, left_out)
        self.thing, self.children = thing, children

    def limits(self) -> list[Limit]:
        """The budgets that are about the run, as they stand now."""
        tenant = self.thing.trail.info.tenant
        return run_limits(self.thing.lab, self.run, self.thing.chart.name, tenant)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        live = {} if self.children else mimebundle("costs", self)
        return {"text/plain": repr(self), "text/html": self._repr_html_(), **live}


class LabCosts(ManyCosts):
    """The costs of many runs; as the last value of a cell they are kept up to date."""

    lab: Lab
    chosen: tuple[str, Iterable[Past | str] | Past | str | None]

    def limits(self) -> list[Limit]:
        """The budgets that several runs share, as they stand now."""
        spending = self.lab._engine.spending
        return limits_of(list(spending.budgets.values()), spending.ledger)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {"text/html": self._repr_html_(), **mimebundle("costs", self)}


class Costing:
    """The part of `Lab` that says what runs cost."""

    def costs(
        self,
        run: Run | Recording | str | None = None,
        *,
        where: str = "",
        runs: Iterable[Past | str] | Past | str | None = None,
        children: bool = False,
    ) -> RunCosts | LabCosts:
        """What a run cost, or without one what many runs did. The last value of a cell is live.

        Args:
            run: a run, a recording or an id; None: all runs that asked a model.
            where: a condition in SQL on the view `runs`: `"machine = 'Triage' and done"`.
            runs: only these, by their ids or themselves.
            children: of one run, also what the runs cost that it started, and those that these
                started. Of many runs each is one of its own.

        Raises `RunNotFound` for an id that is not here, `JournalError` for a condition that is
        none, `LabError` for what is no run.
        """
        lab = cast("Lab", self)
        if run is None:
            return lab_costs(lab, where, runs)
        if where or runs is not None:
            raise LabError(
                f"Costs of one run, {run!r}, have no where= and no runs=.",
                hint="lab.costs(run), or lab.costs(where=...).",
            )
        return RunCosts(_run_of(lab, run), None, children)


def run_limits(lab: Lab, run: str, machine: str, tenant: str) -> list[Limit]:
    """The budgets that are about a run, as the lab's books have them now."""
    spending = lab._engine.spending
    return limits_of(list(spending.budgets.values()), spending.ledger, run, machine, tenant)


def lab_costs(
    lab: Lab, where: str = "", runs: Iterable[Past | str] | Past | str | None = None
) -> LabCosts:
    """The costs of the runs that are meant, as they are now."""
    from .replay_all import chosen_runs

    found = read_many(lab.journal, chosen_runs(lab, where, runs))
    costs = LabCosts(found.parts, found.plans)
    costs.lab, costs.chosen = lab, (where, runs)
    return costs


def _run_of(lab: Lab, run: Any) -> Past:
    from .recording import Recording
    from .run import Run

    if isinstance(run, str):
        return lab.run(run) if run in lab.live() else lab.recording(run)
    if not isinstance(run, Run | Recording):
        raise LabError(f"{run!r} is no run.", hint="Pass a run, a recording or an id.")
    return run
