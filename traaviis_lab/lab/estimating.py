"""What a run will cost before it starts, and what models cost: `lab.estimate`, `lab.prices`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, cast

from traaviis_lab.cost.price import Price
from traaviis_lab.cost.walking.foreseen_step import Stand, Wish
from traaviis_lab.cost.walking.foretell import foretell
from traaviis_lab.cost.walking.known import Known
from traaviis_lab.cost.walking.walk import Start
from traaviis_lab.errors import LabError
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Chart, Event
from traaviis_lab.runtime.ids import check_tenant

from .branch_odds import machines_in, odds_of
from .calibrating import Calibrating
from .estimate import Estimate
from .foretelling import Foreteller

if TYPE_CHECKING:
    import pandas as pd

    from traaviis_lab.runtime import Engine
    from traaviis_lab.runtime import Run as LiveRun

    from .lab import Lab
    from .run import Run

KEPT = 256
"""How many estimates are remembered, for runs that are started after them."""
Given = Event | str | Sequence["Event | str"] | None


class Estimating(Calibrating):
    """The part of `Lab` that looks ahead, and then at how good that was."""

    if TYPE_CHECKING:
        _engine: Engine

    def estimate(
        self,
        machine: Any = None,
        data: Mapping[str, Any] | None = None,
        *,
        event: Given = None,
        run: Run | None = None,
        limit: int = 10,
        tenant: str | None = None,
    ) -> Estimate:
        """What a run will take in tokens, money and seconds. Performs nothing and asks no model.

        Args:
            machine: a `Machine` class or a chart; not needed with `run`.
            data: what it would be started with.
            event: an event that comes first, or several in order; by name, or with its data.
            run: estimate what a live run will take from where it stands; written into the run
                as the fact `estimate.made`.
            limit: how often a state is entered at most, where no run before did so more often.
            tenant: for whom; prices and policies may differ.

        Raises `DefinitionError` for what is no machine, `JournalError` for data that is not JSON.
        """
        lab = cast("Lab", self)
        if (machine is None) == (run is None):
            raise LabError(
                "An estimate is of a machine or of a run.",
                hint="lab.estimate(Triage, data={...}), or lab.estimate(run=run).",
            )
        if run is not None and not hasattr(run, "_live"):
            raise LabError(f"{run!r} is no live run.", hint="lab.estimate(run=lab.run('r1'))")
        if type(limit) is not int or limit < 1:
            raise LabError(f"limit={limit!r} is no number of visits.", hint="limit=10")
        chart = lab.add(machine) if run is None else run.chart
        if data is not None and not isinstance(data, Mapping):
            raise LabError(f"The data of a run is a dict, not {data!r}.", hint="data={'field': 1}")
        whole = {**chart.data, **(data or {})}
        text = encode(whole, where="data")
        start = _from_run(run, data) if run is not None else Start(Known(whole))
        start.events = tuple(_events(event))
        owner = check_tenant(tenant or (run.tenant if run is not None else lab.tenant))
        made = Estimate(self._foretold(chart, start, owner, limit, run), text)
        if run is not None:
            lab.acknowledged(lambda ack: write_estimate(run._live, made, ack))
        elif event is None:
            self._remember(made)
        return made

    @property
    def prices(self) -> LabPrices:
        """What models cost here; as the last value of a cell a table of them."""
        return LabPrices(self._engine)

    def _foretold(
        self,
        chart: Chart,
        start: Start,
        tenant: str,
        limit: int,
        run: Run | None,
        *,
        own: bool = False,
    ) -> Any:
        lab = cast("Lab", self)
        engine = lab._engine
        known = machines_in(chart, engine.machines_of(tenant))
        odds = odds_of(lab.journal, known, tenant if own else None)
        lab._thread.wait_for(engine.foresight.ready())
        teller = Foreteller(engine, lab._thread.ask, engine.foresight.learned, odds, tenant)
        about = {"tenant": tenant, "run": "" if run is None else run.id}
        return foretell(chart, start, teller, odds, limit=limit, about=about)

    def _remember(self, made: Estimate) -> None:
        kept: dict[tuple[str, bytes], Estimate] = self.__dict__.setdefault("_estimates", {})
        key = (made.told.chart, made.data)
        kept.pop(key, None)
        kept[key] = made
        while len(kept) > KEPT:
            del kept[next(iter(kept))]

    def _planned(
        self, chart: Chart, data: Mapping[str, Any] | None, estimate: Estimate | None
    ) -> Estimate | None:
        """The estimate to write into a run that begins: the one given, else the latest made here
        for the same machine and data. Raises `LabError` for one of another machine."""
        if estimate is not None:
            _check_about(estimate, chart)
            return estimate
        kept = self.__dict__.get("_estimates")
        if not kept:
            return None
        found: Estimate | None = kept.get((chart.hash, encode({**chart.data, **(data or {})})))
        return found


def write_estimate(live: LiveRun, estimate: Estimate, acknowledge: Any = None) -> None:
    """Write an estimate into a run as the fact `estimate.made`. For the engine's loop."""
    body = encode({**estimate.to_json(), "run": live.id}, where="estimate")
    live._aside("estimate.made", live.chart.name, body, acknowledge)


def _check_about(estimate: Any, chart: Chart) -> None:
    if not isinstance(estimate, Estimate):
        raise LabError(f"{estimate!r} is no estimate.", hint="lab.estimate(machine, data) is one.")
    if estimate.told.machine != chart.name:
        raise LabError(
            f"The estimate is of {estimate.told.machine}, and the run is of {chart.name}.",
            hint=f"lab.estimate({chart.name}, data=...)",
        )


class LabPrices:
    """What models cost, in US dollars per million tokens; what is not listed is unknown."""

    def __init__(self, engine: Engine) -> None:
        self._prices = engine.prices

    def find(self, name: str, tenant: str = "") -> Price | None:
        """The price of a model, called `provider/model`; None: it is not known."""
        return self._prices.find(name, tenant)

    def set(
        self,
        name: str,
        *,
        input: float | None = None,
        output: float | None = None,
        tenant: str = "",
        **more: Any,
    ) -> Price:
        """Say what a model costs, in US dollars per million tokens; see `Prices.set`.

        `more`: `cache_read`, `cache_write`, `reasoning`, `max_output`, `context`. Nothing is
        free unless it is said: `input=0, output=0`. Raises `DefinitionError` for what is no price.
        """
        return self._prices.set(name, input=input, output=output, tenant=tenant, **more)

    def forget(self, name: str, tenant: str = "") -> None:
        """Take back what `set` said: what is listed counts again."""
        self._prices.forget(name, tenant)

    def table(self, containing: str = "") -> pd.DataFrame:
        """A row per price: what was set here first, then what is listed under such a name."""
        import pandas as pd

        own = self._prices.own()
        rows = [_price_row(name, tenant, price) for (name, tenant), price in own.items()]
        rows += [
            _price_row(name, "", price)
            for name, price in self._prices.listed().items()
            if containing in name
        ]
        return pd.DataFrame(rows, columns=_PRICE_COLUMNS)

    def __repr__(self) -> str:
        listed = self._prices.listed()
        newest = next(iter(listed.values()), None)
        source = "" if newest is None else f" from {newest.source}, {newest.as_of}".rstrip(", ")
        return f"<Prices: {len(self._prices.own())} set here, {len(listed):,} listed{source}>"

    def _repr_html_(self) -> str:
        own = [_price_row(*about, price) for about, price in self._prices.own().items()]
        head = "".join(f"<th>{escape(one)}</th>" for one in _PRICE_COLUMNS)
        body = "".join(
            "<tr>"
            + "".join(f"<td>{escape('' if v is None else str(v))}</td>" for v in row.values())
            + "</tr>"
            for row in own
        )
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if own else ""
        return f"<div>{escape(repr(self).strip('<>'))}{table}</div>"


_PRICE_COLUMNS = ["model", "tenant", "input", "output", "cache_read", "cache_write", "reasoning",
                  "max_output", "context", "source", "as_of"]  # fmt: skip


def _price_row(name: str, tenant: str, price: Price) -> dict[str, Any]:
    rest = {column: getattr(price, column) for column in _PRICE_COLUMNS[2:]}
    return {"model": name, "tenant": tenant, **rest}


def _events(given: Given) -> list[Event]:
    if given is None:
        return []
    is_one = isinstance(given, Event) or not isinstance(given, list | tuple)
    several: list[Any] = [given] if is_one else list(given)
    if not all(isinstance(one, Event | str) for one in several):
        raise LabError(f"{given!r} is no event.", hint="event='paid', or Event('paid', {...})")
    return [Event(one, Known({}, None)) if isinstance(one, str) else one for one in several]


def _from_run(run: Run, data: Mapping[str, Any] | None) -> Start:
    """Where a live run stands, with what it waits for."""
    live, here = run._live, run.snapshot
    known = Known({**here.data, **(data or {})})
    now = run.lab.clock.now()
    wishes = []
    asked: list[tuple[str, Any]] = [*live.trees.items(), *live.pending.items()]
    for path, one in asked:
        if path.count("/") > 1:
            continue  # a leaf of a composed one, which is looked at as a whole
        first = min(other.place for _, other in asked if other.owner == one.owner)
        place = one.place - first if one.owner else one.place
        where = f"{one.owner}.enter"
        wishes.append(Wish(one.effect, one.owner, where, place, True, Event("", Known({}, None))))
    timers = tuple((name, max(0.0, (due - now) / 1e6)) for name, due in live.timers.items())
    stand = Stand(here.active, known, here.history, here.done)
    return Start(known, stand, (), tuple(wishes), timers)
