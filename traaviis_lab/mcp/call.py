"""One call of a tool: who calls, on which lab, and how it says how far it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError, RunNotFound
from traaviis_lab.journal.port import OWN
from traaviis_lab.machine import Chart
from traaviis_lab.runtime.ids import check_id, guest_id, is_guest

from .grants import Grant

if TYPE_CHECKING:
    from traaviis_lab.journal.port import RunInfo
    from traaviis_lab.lab import Lab, Recording, Run

    from .meter import Meter
    from .tabs import Tabs

Progress = Callable[[float, float | None, str], Awaitable[None]]
Elicit = Callable[["Question"], Awaitable[str | None]]


@dataclass(frozen=True)
class Question:
    """What a person is asked before a call: one line, and what exactly would be done."""

    text: str
    tool: str
    arguments: dict[str, Any]


@dataclass
class Client:
    """One client of the server, as it called itself, and what it did so far."""

    id: str
    name: str
    version: str
    protocol: str
    grant: Grant
    since: float
    last: float
    calls: int = 0


async def _silent(done: float, total: float | None, message: str) -> None:
    """Tell nobody: the client asked for no progress."""


async def _nobody(question: Question) -> str | None:
    """Ask nobody: the client cannot."""
    return None


@dataclass
class Call:
    """What a tool's function is handed beside its arguments.

    Whatever is not of the grant's tenant does not exist here: ask `run`, `live` and `charts`,
    never the lab's own lists.
    """

    lab: Lab
    grant: Grant
    client: Client
    charts: Charts
    progress: Progress = _silent
    elicit: Elicit = _nobody
    about: str = field(default="", init=False)  # the run it names, for the record
    kept: dict[str, Any] = field(default_factory=dict, init=False)  # worked out before, by `asks`
    meter: Meter | None = field(default=None, init=False)  # of what is written
    tabs: Tabs | None = field(default=None, init=False)  # of what nobody was asked about

    @property
    def tenant(self) -> str:
        """The tenant in which everything of this call happens."""
        return self.grant.tenant

    def info(self, fsm_id: str) -> RunInfo:
        """What the journal knows of a run. Raises `RunNotFound`, also for another tenant's.

        A run that an agent made may be named as it was when it was asked for, too.
        """
        info = self._mine(self.named(fsm_id))
        if info is None:
            raise RunNotFound(f"There is no run {fsm_id!r}.", hint="list_tenant_fsms lists them.")
        self.about = info.run
        return info

    def named(self, fsm_id: str) -> str:
        """The id of the tenant's run that is named so; what was said, where there is none."""
        found = self._mine(fsm_id) or self._mine(guest_id(self.tenant, fsm_id))
        return fsm_id if found is None else found.run

    def new_id(self, asked: str | None) -> str | None:
        """The id that a new run has where this one is asked for; None where none is.

        Raises `LabError` where a run of this tenant has it. What others have tells nothing, since
        the ids that agents ask for lie in a space of their tenant.
        """
        if asked is None:
            return None
        name = check_id(guest_id(self.tenant, check_id(asked)))
        if self._mine(asked) is not None or self.lab.journal.info(name) is not None:
            raise LabError(
                f"The id {asked!r} is taken.",
                hint="Choose another, or leave it out: one is made.",
            )
        return name

    def live(self, fsm_id: str) -> Run:
        """A live run. Raises `RunNotFound` if it is not live here, or not the tenant's."""
        info = self.info(fsm_id)
        run = self.lab.live().get(info.run)
        if run is None:
            where = f"in {info.state!r} at seq {info.seq}"
            told = "is over," if info.done else "is not live in this kernel; it is"
            raise RunNotFound(
                f"Run {info.run!r} {told} {where}.",
                hint="get_fsm_state reads it as it is."
                + ("" if info.done else f" A person makes it live: lab.resume({info.run!r})."),
            )
        return run

    def past(self, fsm_id: str) -> Run | Recording:
        """A run to look at: the live one, else what is recorded of it."""
        name = self.info(fsm_id).run
        if (run := self.lab.live().get(name)) is not None:
            return run
        return self.lab.recording(name)

    def wrote(self, run: Run, facts: int) -> None:
        """Have facts counted that this call wrote into a run; those of agents' runs are anyway."""
        if self.meter is not None and not is_guest(run.id, self.tenant):
            self.meter.count(self.tenant, facts)

    def _mine(self, name: str) -> RunInfo | None:
        info = self.lab.journal.info(name)
        owned = info is not None and info.tenant == self.tenant and not name.startswith(OWN)
        return info if owned else None


class Charts:
    """The machines that a tenant may start: those of the lab, and those its agents made.

    What an agent made never takes the place of a machine that a person wrote.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def of(self, tenant: str) -> dict[str, Chart]:
        """Every machine a tenant may start, by name."""
        return {**self._lab.guest_machines(tenant), **self._lab.machines()}

    def find(self, tenant: str, name: str) -> Chart:
        """A machine by name. Raises `LabError` naming those there are."""
        known = self.of(tenant)
        if name not in known:
            raise LabError(
                f"There is no machine {name!r}.",
                hint=f"There are: {', '.join(sorted(known)) or 'none; send a spec'}.",
            )
        return known[name]

    def keep(self, tenant: str, chart: Chart) -> None:
        """Keep a machine that an agent made. Raises `LabError` where a person's has this name."""
        self._lab.add_guest(chart, tenant)
