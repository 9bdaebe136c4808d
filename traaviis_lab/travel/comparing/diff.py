"""The differences of two runs: where they part, path, data, effects, and what they took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from traaviis_lab.machine import Chart
from traaviis_lab.travel.chart_changes import chart_changes
from traaviis_lab.travel.differences import Difference
from traaviis_lab.travel.places import ABSENT
from traaviis_lab.views import Marks, to_svg
from traaviis_lab.views.svg import Theme

from .strides import Asked, Stride

if TYPE_CHECKING:
    import pandas as pd

How = Literal["same", "changed", "apart", "left", "right"]
_OTHER: Mapping[How, How] = {"left": "right", "right": "left"}


class Row(NamedTuple):
    """A row of two paths laid side by side.

    `how`: "same"; "changed" (the same event to the same state, but with other data, transitions
    or effects); "apart" (each does something else here); "left" or "right" (only one does).
    """

    how: How
    left: Stride | None
    right: Stride | None

    def mirrored(self) -> Row:
        """The row seen from the other side."""
        return Row(_OTHER.get(self.how, self.how), self.right, self.left)

    def side(self, number: int) -> Stride | None:
        """The left (0) or the right (1) step."""
        return self.right if number else self.left


class Parting(NamedTuple):
    """The first step in which two runs differ.

    `left_seq` and `right_seq` are None where that run has come to its end. `what` names what
    differs first: "event", a place in the event's data, "state", "taken", a place in the run's
    data, "effects", "raised" or "end"; `left` and `right` say it.
    """

    left_seq: int | None
    right_seq: int | None
    what: str
    left: Any
    right: Any

    def mirrored(self) -> Parting:
        """The same place seen from the other side."""
        return Parting(self.right_seq, self.left_seq, self.what, self.right, self.left)

    def to_json(self) -> dict[str, Any]:
        """`{left, right, what, was}`: seqs (0: at its end), and what each side says there."""
        was = {"left": self.left, "right": self.right}
        told = {side: value for side, value in was.items() if value is not ABSENT}
        seqs = {"left": self.left_seq or 0, "right": self.right_seq or 0}
        return {**seqs, "what": self.what, "was": told}


class Answer(NamedTuple):
    """An effect that ended otherwise in one run than in the other, or was asked only in one."""

    kind: str
    left: Asked | None
    right: Asked | None

    def mirrored(self) -> Answer:
        """The same effect seen from the other side."""
        return Answer(self.kind, self.right, self.left)

    def to_json(self) -> dict[str, Any]:
        """`{path, kind, left, right}`; a side that did not ask is left out."""
        one = self.left or self.right
        sides = {"left": self.left, "right": self.right}
        told = {k: v.to_json() for k, v in sides.items() if v is not None}
        return {"path": one.path if one else "", "kind": self.kind, **told}


class Total(NamedTuple):
    """A number that sums a run up, on both sides; None is unknown."""

    name: str
    left: float | None
    right: float | None

    def mirrored(self) -> Total:
        """The same number seen from the other side."""
        return Total(self.name, self.right, self.left)


@dataclass(frozen=True, slots=True, repr=False)
class Diff:
    """How two runs differ; made by `run.diff(other)`.

    - left, right: their ids.
    - first: the first step in which they differ, None where they do not.
    - path: their steps side by side; a fork's begin with its parents'.
    - data: places whose values differ where the two runs stand now.
    - effects: effects with another answer, or asked only in one of them.
    - sums: steps, effects, time (microseconds), tokens and cost, None where unknown.
    - charts: what each ran on. The drawing is on the left one's.
    - exact: whether the alignment is the best there is (false only for very long runs).
    """

    left: str
    right: str
    charts: tuple[Chart, Chart]
    first: Parting | None
    path: tuple[Row, ...]
    data: tuple[Difference, ...]
    effects: tuple[Answer, ...]
    sums: tuple[Total, ...]
    exact: bool = True

    @property
    def same(self) -> bool:
        """Whether both did the same, with the same answers, and stand at the same place."""
        return self.first is None and not self.data and not self.effects

    @property
    def marks(self) -> Marks:
        """States and transitions of both, only of the left and only of the right run."""
        left, right = set(self._seen(0)), set(self._seen(1))
        return Marks(left=left - right, right=right - left, both=left & right)

    @property
    def undrawn(self) -> tuple[str, ...]:
        """States and transitions of the right run that the left one's chart does not have."""
        chart, marks = self.charts[0], self.marks
        drawn = {*chart.states, *chart.transitions}
        return tuple(sorted((marks.right | marks.both) - drawn))

    @property
    def has_parents(self) -> bool:
        """Whether some steps are facts of another run than the two: of a fork's parents."""
        for number, run in enumerate((self.left, self.right)):
            steps = (one for row in self.path if (one := row.side(number)) is not None)
            if (first := next(steps, None)) is not None and first.run != run:
                return True
        return False

    @property
    def chart_changes(self) -> tuple[str, ...]:
        """What is otherwise in the right run's chart, a sentence each."""
        left, right = self.charts
        if left == right:
            return ()
        found = [one.text for one in chart_changes(left.spec, right.spec)]
        if left.name != right.name:
            found.insert(0, f"{left.name} is another machine than {right.name}")
        return tuple(found)

    def mirrored(self) -> Diff:
        """The same differences seen from the other run."""
        return Diff(
            self.right,
            self.left,
            (self.charts[1], self.charts[0]),
            self.first.mirrored() if self.first is not None else None,
            tuple(row.mirrored() for row in self.path),
            tuple(one.mirrored() for one in self.data),
            tuple(one.mirrored() for one in self.effects),
            tuple(one.mirrored() for one in self.sums),
            self.exact,
        )

    def svg(self, *, theme: Theme = "auto", standalone: bool = True) -> str:
        """Both ways drawn on the left run's chart, with a legend; as one SVG element.

        Raises `NotInstalled` where graphviz is missing.
        """
        sides = (self.left, self.right)
        return to_svg(self.charts[0], self.marks, theme=theme, standalone=standalone, sides=sides)

    def to_frame(self) -> pd.DataFrame:
        """The paths side by side, a row per step: how, then seq, via and state of each side.

        Where parents' steps are among them, `left_run` and `right_run` say whose each is.
        """
        import pandas as pd

        words = ("run", "seq", "via", "state") if self.has_parents else ("seq", "via", "state")
        columns = ["how", *(f"{side}_{word}" for side in ("left", "right") for word in words)]
        rows = [
            [row.how, *(getattr(one, w, None) for one in (row.left, row.right) for w in words)]
            for row in self.path
        ]
        frame = pd.DataFrame(rows, columns=columns)
        for side in ("left", "right"):
            frame[f"{side}_seq"] = frame[f"{side}_seq"].astype("Int64")
        return frame

    def to_json(self) -> dict[str, Any]:
        """Everything as JSON values.

        `rows` are `[left seq, right seq, 1 if same]`, where 0 stands for no step of that very
        run; rows in which both are 0 (the past two forks share) are left out.
        """
        marks = self.marks
        return {
            "left": self.left,
            "right": self.right,
            "same": self.same,
            "first": self._first(),
            "rows": [row for row in self._numbers() if row[0] or row[1]],
            "data": [one.to_json() for one in self.data],
            "effects": [one.to_json() for one in self.effects],
            "marks": {side: sorted(getattr(marks, side)) for side in ("left", "right", "both")},
            "sums": [one._asdict() for one in self.sums],
            "undrawn": list(self.undrawn),
            "chart": list(self.chart_changes),
            "text": str(self),
        }

    def __str__(self) -> str:
        from .text import diff_text

        return diff_text(self)

    def __repr__(self) -> str:
        told = "the same" if self.same else "different"
        if self.first is not None:
            seqs = (self.first.left_seq or "end", self.first.right_seq or "end")
            told = f"part at seq {seqs[0]} | {seqs[1]} ({self.first.what})"
        return f"<Diff {self.left} | {self.right}: {told}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        from .html import diff_html

        return {"text/plain": str(self), "text/html": diff_html(self)}

    def _first(self) -> dict[str, Any] | None:
        from .words import parting_words

        if self.first is None:
            return None
        return {**self.first.to_json(), "text": parting_words(self, self.first)}

    def _numbers(self) -> Iterator[list[int]]:
        for how, left, right in self.path:
            yield [
                left.seq if left is not None and left.run == self.left else 0,
                right.seq if right is not None and right.run == self.right else 0,
                int(how == "same"),
            ]

    def _seen(self, side: int) -> Iterator[str]:
        """Every state the run was in and every transition it took, those on the way included."""
        chart = self.charts[side]
        steps = {
            (tuple(one.made["state"]), tuple(one.made["taken"]))
            for row in self.path
            if (one := row.side(side)) is not None
        }
        for states, taken in steps:
            yield from states
            yield from taken
            for name in taken:
                arrow = chart.transitions.get(name)
                for state in (arrow.source, *arrow.targets) if arrow is not None else ():
                    if state in chart.states and chart.states[state].kind != "history":
                        yield from (state, *filter(None, chart.tables.ancestors[state]))
