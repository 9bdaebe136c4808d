"""What can be asked of a run's past, whether it is live or only a recording."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import LabError
from traaviis_lab.machine import Snapshot
from traaviis_lab.runtime import chart_like
from traaviis_lab.travel import Replay, Trail, replay
from traaviis_lab.travel.places import own

from .frames import history_frame
from .standing import Standing

if TYPE_CHECKING:
    import pandas as pd

    from traaviis_lab.travel.comparing.diff import Diff
    from traaviis_lab.travel.explaining.explain import Explanation
    from traaviis_lab.travel.reasoning.why import Why

    from .costing import RunCosts


class Past(Standing):
    """The half of `Run` and of `Recording` that looks back. Nothing here changes or performs."""

    @property
    def trail(self) -> Trail:
        """Its recorded way: facts with where the run stood before and after each."""
        # Kept with its owner: it remembers the places that were looked at.
        trail: Trail | None = self.__dict__.get("_trail")
        if trail is None:
            trail = self.__dict__["_trail"] = Trail(self.lab.journal, self.id, self.chart)
        return trail

    def at(self, seq: int) -> Snapshot:
        """Where the run stood after fact `seq`; a copy to keep.

        Raises `LabError` for a seq the run has not reached.
        """
        there = self.trail.at(seq).snapshot
        return there._replace(data=own(there.data))

    def why(self, what: str | int = "state", seq: int | str | None = None) -> Why:
        """Why a value or a state is what it is after fact `seq` (None: now).

        `run.why("data.decision")`, `run.why("data.decision", 7)` and `run.why(7, "data.decision")`;
        also a state, `"state"` for the active ones, an event that was or was not taken, or a
        transition's id. Raises `LabError` for what nobody here knows.
        """
        from traaviis_lab.travel.reasoning.reasons import why

        if not isinstance(what, str):  # also a number out of a table, which is no int
            what, seq = "state" if seq is None else seq, what
        if not isinstance(what, str) or isinstance(seq, str):
            raise LabError(
                f"run.why({what!r}, {seq!r}) asks for no one thing.",
                hint='What, and if you like the seq: run.why("data.decision", 7).',
            )
        return why(self.trail, what, seq)

    def explain(self, against: Iterable[Past | str] | Past | str = ()) -> Explanation:
        """What stands out in the run, ranked: unusual steps, errors, refusals, loops, waiting.

        Args:
            against: runs or ids to compare with; by default earlier runs of the same machine.

        Raises `RunNotFound` for an id the journal does not know.
        """
        from traaviis_lab.travel.explaining.findings import explain

        return explain(self.trail, run_ids(against))

    def history(self, *, data: bool = False) -> pd.DataFrame:
        """A row per step: seq, at, event, event_data, state, taken, effects, changed.

        Args:
            data: also the run's whole data after each step (computed again, so it takes longer).
        """
        facts = self.lab.journal.read(self.id)
        return history_frame(facts, self.chart if data else None)

    def effects(self) -> pd.DataFrame:
        """A row per effect, roots and what composed ones are made of, in the order they began:
        path, root, depth, effect, label, owner, status, seq, end_seq, began, took (seconds),
        starts, progress, message, result, error, spec.
        """
        from traaviis_lab.travel.performed import effects_frame, performed

        return effects_frame(performed(self.trail))

    def costs(self, upto: int | None = None, *, children: bool = False) -> RunCosts:
        """What its calls of models cost beside what was foreseen: `table()`, `by_state()`,
        `by_model()`, `to_csv()`. As the last value of a cell it is live.

        Args:
            upto: the last fact that counts; all of them if you say none.
            children: also what the runs cost that it started, and those that these started;
                their states are called `Machine.state`.
        """
        from .costing import RunCosts

        return RunCosts(self, upto, children)

    def questions(self) -> pd.DataFrame:
        """A row per effect that was under way when its process died and that waits for a person
        to say what becomes of it (`run.answer`): path, effect, label, owner, seq, asked,
        question, spec.
        """
        from traaviis_lab.travel.performed import performed, questions_frame

        return questions_frame(performed(self.trail))

    def path(self, *, ancestors: bool = False) -> pd.DataFrame:
        """A row per stay: seq, at, state, via (event or effect), taken, duration.

        Args:
            ancestors: for a fork, also the way of its parents before it; a column `run` says whose.
        """
        from traaviis_lab.travel.path import path_frame, stays

        found = stays(self.trail, ancestors=ancestors, charts=self.lab._chart_for)
        return path_frame(found, ancestors=ancestors)

    def changes(self, path: str | None = None, *, ancestors: bool = False) -> pd.DataFrame:
        """A row per change of the data: seq, at, path, old, new, by, how, cause.

        `by` is the event or the effect that brought it, `how` the transition with its formula or
        the effect's path, `cause` the fact that led to it.

        Args:
            path: `"data.total"`, `"total"`, `"cart.items[0].price"`; None: every field at the top.
            ancestors: for a fork, also what its parents changed before it.

        Raises `LabError` for a path the run never had, and for a text that is no path.
        """
        from traaviis_lab.travel.changes import changes, changes_frame

        found = changes(self.trail, path, ancestors=ancestors, charts=self.lab._chart_for)
        return changes_frame(found, ancestors=ancestors)

    def diff(self, other: Past | str) -> Diff:
        """How this run (left) and another one (right) differ: the first step in which they do,
        their paths side by side, data, effect results, and what they took.

        Print it, ask its `to_frame()`, or let it be the last value of a cell: then it is drawn.
        What a fork shares with its parents is the same.

        Args:
            other: a run, a recording, or the id of a run in this lab's journal.

        Raises `RunNotFound` for an id nobody knows.
        """
        from traaviis_lab.travel.comparing.compare import compare

        if isinstance(other, str):
            trail = Trail(self.lab.journal, other, self.lab._chart_for(other))
            return compare(self.trail, trail, self.lab._chart_for)
        if not isinstance(other, Past):
            raise LabError(
                f"A run cannot be compared with {other!r}.",
                hint="Pass a run, a recording, or the id of a run in this lab.",
            )
        return compare(self.trail, other.trail, self.lab._chart_for, other.lab._chart_for)

    def replay(self, chart: Any = None, *, upto: int | None = None) -> Replay:
        """Compute the run again from its facts alone, and check each step against the record.

        Nothing is performed and nobody is asked: no handler, clock or source of chance.

        Args:
            chart: a machine or chart to replay on; its own if you say none. On another chart
                active states, data and effects must come out as recorded.
            upto: the last fact to replay; all of them if you say none.

        Raises `Diverged` where it first parts from the record: seq, what was expected and what
        came, and the likely cause.
        """
        if chart is None or (mine := chart_like(chart)) is self.chart:
            return replay(self.trail, upto)
        return replay(Trail(self.lab.journal, self.id, mine), upto)


def run_ids(runs: Iterable[Past | str] | Past | str) -> list[str]:
    """The ids of runs that were named by them or by themselves. Raises `LabError` for no run."""
    several = runs if isinstance(runs, Iterable) and not isinstance(runs, str) else [runs]
    found = [one.id if isinstance(one, Past) else one for one in several]
    for one in found:
        if not isinstance(one, str):
            raise LabError(f"{one!r} is no run.", hint="Pass a run, a recording, or a run's id.")
    return found
