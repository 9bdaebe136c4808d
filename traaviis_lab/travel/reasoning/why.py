"""Why a value or a state is what it is: the causes as a tree, each a fact that exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .alternatives import Otherwise
from .folded import folded
from .links import Link
from .written import brief, show

if TYPE_CHECKING:
    import pandas as pd

FRAME = ("depth", "run", "seq", "kind", "text", "value")


@dataclass(frozen=True, slots=True, repr=False)
class Why:
    """The answer of `run.why()`. Print it, or let a cell show it.

    - title: what was asked, and the answer in one line.
    - links: the causes, nearest first; `roots` are the places of those that answer the question
      directly, and each link's `because` those behind it.
    - otherwise: transitions that were not taken on the way, and what each of them needs.
    - left: how many causes were not looked into, because they are far back or too many.
    """

    run: str
    seq: int
    what: str
    title: str
    value: Any
    links: tuple[Link, ...]
    roots: tuple[int, ...]
    otherwise: tuple[Otherwise, ...] = ()
    left: int = 0

    @property
    def facts(self) -> frozenset[int]:
        """The seqs of this run that the answer names; they all exist."""
        return frozenset(link.seq for link in self.links if link.run == self.run)

    def lines(self) -> Iterator[tuple[int, Link, bool]]:
        """The tree from the top: how deep, which link, and whether it was told above already."""
        seen: set[int] = set()
        stack = [(0, place) for place in reversed(self.roots)]
        while stack:
            depth, place = stack.pop()
            told = place in seen
            seen.add(place)
            yield depth, self.links[place], told
            if not told:
                stack.extend((depth + 1, behind) for behind in reversed(self.links[place].because))

    def __str__(self) -> str:
        rows = [self.title]
        for depth, link, told in self.lines():
            again = "  (see above)" if told and link.because else ""
            rows.append(f"{'  ' * (depth + 1)}{self._place(link)}  {link.text}{again}")
        if self.left:
            rows.append(f"  … {self._rest()}")
        if self.otherwise:
            rows.append("What would have to differ:")
            rows += [f"  {other}" for other in self.otherwise]
        return "\n".join(rows)

    __repr__ = __str__

    def _place(self, link: Link) -> str:
        return f"seq {link.seq}" if link.run == self.run else f"{link.run} seq {link.seq}"

    def _rest(self) -> str:
        many = "cause" if self.left == 1 else "causes"
        return f"and {self.left:,} more {many} further back; ask run.why() at an earlier seq"

    def _tree(self) -> list[dict[str, Any]]:
        """The tree as nested objects; what was told above has no branches the second time."""
        roots: list[dict[str, Any]] = []
        open_: list[list[dict[str, Any]]] = [roots]
        for depth, link, told in self.lines():
            node: dict[str, Any] = {
                "run": link.run, "seq": link.seq, "kind": link.kind, "text": link.text,
                "value": brief(link.value), "again": told and bool(link.because), "because": [],
            }  # fmt: skip
            del open_[depth + 1 :]
            open_[depth].append(node)
            open_.append(node["because"])
        return roots

    def to_json(self) -> dict[str, Any]:
        """`{run, seq, what, title, value, text, facts, tree, otherwise, left}`, all of it JSON.

        Values whose text is long are cut.
        """
        return {
            "run": self.run,
            "seq": self.seq,
            "what": self.what,
            "title": self.title,
            "value": brief(self.value),
            "text": str(self),
            "facts": sorted(self.facts),
            "tree": self._tree(),
            "otherwise": [
                {
                    "run": other.run, "seq": other.seq, "transition": other.transition,
                    "event": other.event, "targets": list(other.targets), "guard": other.guard,
                    "verdict": other.verdict, "needs": other.needs, "text": str(other),
                }
                for other in self.otherwise
            ],
            "left": self.left,
        }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """A row per link in the tree's order: depth, run, seq, kind, text, value."""
        import pandas as pd

        rows = [
            (depth, link.run, link.seq, link.kind, link.text, link.value)
            for depth, link, told in self.lines()
            if not told
        ]
        return pd.DataFrame(rows, columns=list(FRAME))

    def _repr_html_(self) -> str:
        notes = [f"… {self._rest()}"] if self.left else []
        others = [str(other) for other in self.otherwise]
        sections = [("What would have to differ", others)] if others else []
        return folded(self.title, self._tree(), self.run, notes, sections)


def titled(what: str, value: Any, seq: int, *, there: bool = True) -> str:
    """`data.decision is "reject" at seq 7, because:`."""
    if not there:
        return f"{what} is not there at seq {seq}."
    return f"{what} is {show(value)} at seq {seq}, because:"
