"""How runs come into a lab from elsewhere: files of other labs, transcripts of other agents."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import DefinitionError, LabError
from traaviis_lab.runtime import chart_like

from .names import new_id

if TYPE_CHECKING:
    from traaviis_lab.journal import Journal
    from traaviis_lab.machine import Chart
    from traaviis_lab.runtime import Clock
    from traaviis_lab.travel.carrying.carried import Carried
    from traaviis_lab.travel.transcripts import Transcript

    from .recording import Recording


class Exchange:
    """The part of `Lab` that takes runs in."""

    if TYPE_CHECKING:
        journal: Journal
        clock: Clock
        tenant: str

        def add(self, machine: Any) -> Chart:
            """Make a machine known here."""

        def machines(self) -> dict[str, Chart]:
            """The machines known here, by name."""

        def recording(self, id: str, chart: Any = None) -> Recording:
            """A run as the journal has it."""

    def import_run(
        self,
        path: str | os.PathLike[str],
        id: str | None = None,
        *,
        chart: Any = None,
        most: int | None = None,
    ) -> Recording:
        """Take in a run that `run.export` wrote; answers its recording.

        Every line of the file is checked before anything is written: check sums, the chain of
        hashes, gaps. Under its own id the run keeps its chain; one that is here already is left
        as it is.

        Args:
            path: the file, gzipped or not.
            id: another id for it here; its chain begins anew, and a note says where it is from.
            chart: the machine, needed only where its class holds Python functions.
            most: how many bytes the file may unpack to (one GiB).

        Raises `JournalError` for a file that is damaged, cut or none, `ChainBroken` if a fact was
        changed, `JournalConflict` if another run has the id.
        """
        from traaviis_lab.runtime.ids import check_id
        from traaviis_lab.travel.carrying.arrival import arrive
        from traaviis_lab.travel.carrying.carried import MAX_TOTAL, read_run

        from .recording import check_machine

        carried = read_run(path, most=MAX_TOTAL if most is None else most)
        mine = chart_like(chart) if chart is not None else carried.chart() or self._known(carried)
        name = check_id(carried.run if id is None else id)
        check_machine(name, carried.head["machine"], mine)
        name = arrive(self.journal, carried, run=name, now=self.clock.now(), chart=mine)
        return self.recording(name, chart=mine)

    def _known(self, carried: Carried) -> Chart:
        """The chart of a run whose file does not have all of it."""
        head = carried.head
        for chart in self.machines().values():
            if chart.hash == head["chart"]:
                return chart
        raise DefinitionError(
            f"The chart of run {carried.run!r} calls Python, so the file does not have all of it.",
            hint=f"Pass the class it ran on: lab.import_run(path, chart={head['machine']}).",
        )

    def import_transcript(  # noqa: PLR0913 - all but the source have names
        self,
        source: Any,
        *,
        id: str | None = None,
        name: str = "Agent",
        outcome: str | bool | None = None,
        at: datetime | int | None = None,
        format: str | None = None,
        tools: Sequence[Any] = (),
        model: str | None = None,
        tenant: str | None = None,
    ) -> Recording:
        """Make a run of what another agent said and did, on a chart drawn from it.

        Nothing is performed. The answer is a recording of a run that is done.

        Args:
            source: a list of chat messages, a document of a known format (docs/transcripts.md),
                or the path of a JSON or JSONL file with one of them.
            id: the run's id; one is made if you say none.
            name: what the chart is called.
            outcome: "passed", "failed" or another word, if the transcript does not say it.
            at: when it began, if the transcript does not say (a time, or microseconds since the
                epoch); now, if you say nothing. Then a microsecond lies between two facts.
            format: "chat", "langsmith" or "otel"; None: what it looks like.
            tools: tools the agent had and did not call: their names or descriptions.
            model: which model it was, where the transcript does not say.
            tenant: who owns the run.

        Raises `LabError` for what is no transcript, or more than one, `JournalConflict` if the id
        is taken.
        """
        from traaviis_lab.travel.transcripts import read_transcripts

        found = read_transcripts(source, format)
        if len(found) != 1:
            raise LabError(
                f"There are {len(found)} transcripts in there, not one.",
                hint="lab.import_transcripts(source) takes them all, on one chart.",
            )
        (run,) = self._take_in(
            found, [id], name, outcome, at=at, tools=tools, model=model, tenant=tenant
        )
        return run

    def import_transcripts(
        self,
        source: Any,
        *,
        ids: Sequence[str] | None = None,
        name: str = "Agent",
        at: datetime | int | None = None,
        format: str | None = None,
        tools: Sequence[Any] = (),
        model: str | None = None,
        tenant: str | None = None,
    ) -> list[Recording]:
        """Make runs of many transcripts, on one chart, so that they can be compared.

        Args:
            source: a list of sources as `import_transcript` takes them, or the path of a file
                with several. The whole is taken in as one batch, or nothing of it.
            ids: an id for each; without, they are made of `task_id` and `trial` where those are
                said, else by chance.
            name: as for `import_transcript`, like all the others.
        """
        from traaviis_lab.travel.transcripts import read_transcripts

        several = source if isinstance(source, list | tuple) else [source]
        found = [one for part in several for one in read_transcripts(part, format)]
        if not found:
            raise LabError("There is no transcript in there.", hint="Pass a list, or a path.")
        wanted = [None] * len(found) if ids is None else _listed(ids, "ids")
        if len(wanted) != len(found):
            raise LabError(
                f"There are {len(found)} transcripts and {len(wanted)} ids.",
                hint="One id for each.",
            )
        return self._take_in(
            found, wanted, name, None, at=at, tools=tools, model=model, tenant=tenant
        )

    def _take_in(
        self,
        found: Sequence[Transcript],
        ids: Sequence[str | None],
        name: str,
        outcome: str | bool | None,
        *,
        at: datetime | int | None,
        tools: Sequence[Any],
        model: str | None,
        tenant: str | None,
    ) -> list[Recording]:
        from traaviis_lab.runtime.ids import check_id, check_tenant
        from traaviis_lab.travel.transcripts import tool_names
        from traaviis_lab.travel.transcripts.arriving import arrive_transcripts, judged, modelled

        if not isinstance(name, str) or not name.strip():
            raise LabError(f"{name!r} is no name for a chart.", hint='Such as name="ShopAgent".')
        named = [
            _named(one, name) if id is None else check_id(id)
            for one, id in zip(found, ids, strict=True)
        ]
        if len(set(named)) < len(named):
            twice = next(run for run in named if named.count(run) > 1)
            raise LabError(f"Two transcripts would be run {twice!r}.", hint="Say ids=[...].")
        told = [modelled(judged(one, outcome), model) for one in found]
        chart = arrive_transcripts(
            self.journal,
            dict(zip(named, told, strict=True)),
            name=name,
            tools=tool_names(_listed(tools, "tools")),
            tenant=check_tenant(tenant or self.tenant),
            at=self.clock.now() if at is None else _moment(at),
        )
        self.add(chart)
        return [self.recording(run, chart=chart) for run in named]


def _named(one: Transcript, name: str) -> str:
    """An id for a transcript: of its task and trial, so that one finds it again."""
    task, trial = one.about.get("task_id"), one.about.get("trial")
    told = f"task-{task}-trial-{trial}"
    if task is None or trial is None or not told.isprintable() or len(told) > 200:
        return new_id(name)
    return told


def _listed(given: Any, what: str) -> list[Any]:
    """What was given as a list; a text would be taken for one of letters."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise LabError(f"{what}={given!r} is no list.", hint=f"Such as {what}=['a', 'b'].")
    return list(given)


def _moment(at: datetime | int) -> int:
    """Microseconds since the epoch."""
    if isinstance(at, datetime):
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return round(at.timestamp() * 1e6)
    if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at < 2**62:
        raise LabError(f"{at!r} is no time.", hint="A datetime, or microseconds since the epoch.")
    return at
