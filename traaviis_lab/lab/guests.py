"""Machines that somebody outside wrote, an agent for one: checked, run, and known to one tenant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from traaviis_lab.cost.walking.known import Known
from traaviis_lab.cost.walking.walk import Start
from traaviis_lab.errors import JournalConflict, LabError
from traaviis_lab.journal.encode import encode
from traaviis_lab.machine import Chart, Event, Step
from traaviis_lab.machine.effect import VOCABULARY
from traaviis_lab.machine.problems import Problem
from traaviis_lab.runtime.children import MOST_GUESTS
from traaviis_lab.runtime.forking.change import Asked, read_change
from traaviis_lab.runtime.forking.fork import Parent, go_live, rehearse
from traaviis_lab.runtime.holding import stepping
from traaviis_lab.runtime.ids import check_tenant, guest_id, is_guest

from .estimate import Estimate
from .guest_checks import guest_problems
from .names import new_id

if TYPE_CHECKING:
    from .lab import Lab
    from .recording import Recording
    from .run import Run


class Guests:
    """The part of `Lab` that runs what is not its own, without taking it in among its machines."""

    def guest_machines(self, tenant: str) -> dict[str, Chart]:
        """The machines that were made known to this tenant alone, by name."""
        return dict(cast("Lab", self)._engine.guests.get(tenant, {}))

    def add_guest(self, chart: Chart, tenant: str) -> None:
        """Make a machine known to one tenant, whose runs may then start it by its name.

        Raises `LabError` where another machine of this lab has the name.
        """
        lab, owner = cast("Lab", self), check_tenant(tenant)
        mine = lab._machines.get(chart.name)
        if mine is not None:
            if mine.hash == chart.hash:
                return
            raise LabError(
                f"{chart.name!r} is a machine of this lab, and another one.",
                hint="Give the new machine a name of its own.",
            )
        guests = lab._engine.guests
        known = {name: one for name, one in guests.get(owner, {}).items() if name != chart.name}
        kept = list(known.items())[-MOST_GUESTS + 1 :]  # the oldest is forgotten first
        lab._engine.guests = {**guests, owner: {**dict(kept), chart.name: chart}}

    def start_guest(
        self,
        chart: Chart,
        *,
        tenant: str,
        id: str | None = None,
        data: Mapping[str, Any] | None = None,
        estimate: Estimate | None = None,
    ) -> Run:
        """Start a run of a chart that stays nobody's machine; else like `start`.

        Its id lies in the tenant's own space (`guest_id`), given or made.
        """
        lab, name = cast("Lab", self), guest_id(tenant, id or new_id(chart.name))
        lab._thread.ask(lambda: lab._engine.children.check_room(tenant))
        return lab._begin(chart, name, data, tenant, estimate)

    def fork_guest(
        self, run: Run | Recording, asked: Asked, *, tenant: str, id: str | None = None
    ) -> Run:
        """Fork a run into a tenant, and make the fork's machine known to nobody; else like
        `run.fork`. Its id lies in the tenant's own space, given or made."""
        lab, last = cast("Lab", self), run.seq
        change = read_change(lab.journal, run.id, last, asked)
        chart = asked.chart or run.chart
        name = guest_id(tenant, id or new_id(f"{chart.name}Fork"))
        engine = lab._engine
        lab._thread.ask(lambda: engine.children.check_room(tenant))
        parent = Parent(lab.journal, run.id, run.chart, tenant, last)
        made = rehearse(parent, name, change, chart, lab.clock, asked.live)
        lab.acknowledged(lambda acknowledge: go_live(engine, made, acknowledge))
        return lab.run(name)

    def hold_guest(self, run: str, why: LabError) -> bool:
        """Hold a live run that an agent made, and write down why as its trouble; False where
        there is none to hold. What comes waits, until somebody lets it go on."""
        lab = cast("Lab", self)

        def work(acknowledge: Any) -> bool:
            live = lab._engine.runs.get(run)
            if live is None or live.snapshot.done or lab._engine.hold(live).held is not None:
                acknowledge(None)
                return False
            lab._engine.trouble(live, why)
            stepping.pause(lab._engine.hold(live), acknowledge, why.message)
            return True

        return lab.acknowledged(work)

    def guest_runs(self, *, live: bool = True) -> Iterator[tuple[str, str, int]]:
        """Each live run that was made from outside, or each of the journal: tenant, id, seq."""
        lab = cast("Lab", self)
        if live:
            runs = ((one.tenant, one.id, one.seq) for one in list(lab._engine.runs.values()))
        else:
            runs = ((one.tenant, one.run, one.seq) for one in lab.journal.runs())
        return (one for one in runs if is_guest(one[1], one[0]))

    def estimate_guest(
        self, chart: Chart, *, tenant: str, data: Mapping[str, Any] | None = None
    ) -> Estimate:
        """What a run of a chart will take, from what this tenant's own runs took before it."""
        lab = cast("Lab", self)
        if data is not None and not isinstance(data, Mapping):
            raise LabError(f"The data of a run is a dict, not {data!r}.", hint="data={'field': 1}")
        whole = {**chart.data, **(data or {})}
        text = encode(whole, where="data")
        told = lab._foretold(chart, Start(Known(whole)), check_tenant(tenant), 10, None, own=True)
        return Estimate(told, text)

    def guest_problems(self, chart: Chart, tenant: str) -> list[Problem]:
        """What in a chart from outside would not be allowed here, each with its cure."""
        return guest_problems(cast("Lab", self)._engine, chart, tenant)

    def _know(self, run: str, chart: Chart, given: Any) -> None:
        """Make the machine of a run that is resumed known: to all, if it was given or is the
        lab's own tenant's; else to the tenant that the run is of."""
        lab = cast("Lab", self)
        info = lab.journal.info(run)
        if given is not None or info is None or info.tenant == lab.tenant:
            lab.add(chart if given is None else given)
        elif chart.name not in lab._machines:
            self.add_guest(chart, info.tenant)

    def performs(self, kind: str) -> bool:
        """Whether effects of this kind are performed in this lab."""
        word = VOCABULARY.get(kind)
        if word is None:
            return False
        inside = word.composed or not word.outward
        return inside or cast("Lab", self)._engine.interpreter.handles(word)

    def far_providers(self) -> set[str]:
        """The providers of models whose answers are paid for as a rule: those far away."""
        models = cast("Lab", self)._engine.models
        if models.cassette is not None and models.cassette.mode == "replay":
            return set()  # nobody is asked
        return {row["name"] for row in models.table() if row["source"] == "live"}

    def send_at(self, run: Run, event: Event, expect_seq: int) -> Step:
        """Send an event if the run has come to this very fact and no further.

        Raises `JournalConflict` where it has, and then nothing has happened.
        """

        def work(acknowledge: Any) -> Step:
            if run._live.seq != expect_seq:
                raise JournalConflict(
                    f"Run {run.id!r} stands at seq {run._live.seq}, not at {expect_seq}: "
                    "something happened since.",
                    hint="Look at it again, and send with its seq if that is still right.",
                )
            return run._live.deliver(event, None, acknowledge)

        return cast("Lab", self).acknowledged(work)
