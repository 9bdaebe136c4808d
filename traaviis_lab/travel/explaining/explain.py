"""What stands out in a run, ranked, each finding with the facts it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from traaviis_lab.travel.reasoning.folded import STYLE, marked
from traaviis_lab.views.text import counted, xml

if TYPE_CHECKING:
    import pandas as pd

FindingKind = Literal[
    "unusual", "error", "refused", "loop", "stuck", "waits", "held", "stopped", "slow"
]
FRAME = ("weight", "kind", "title", "text", "facts")
MATTERS = 0.3
"""A run is healthy when no finding weighs as much as this."""
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that stands out. `weight` is 0 to 1; `facts` are seqs of the run, its evidence."""

    title: str
    text: str
    weight: float
    facts: tuple[int, ...]
    kind: FindingKind

    def __str__(self) -> str:
        return f"{self.title}\n{self.text}\n({told_seqs(self.facts)})"


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """The answer of `run.explain()`: findings, the weightiest first, and what was looked at."""

    run: str
    machine: str
    seq: int
    state: str
    findings: tuple[Finding, ...]
    looked: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing was found that matters."""
        return all(finding.weight < MATTERS for finding in self.findings)

    @property
    def title(self) -> str:
        """The answer in one line."""
        head = f"Run {self.run} of {self.machine}, in {self.state} at seq {self.seq}"
        if self.healthy:
            return f"{head}: nothing stands out"
        many = sum(finding.weight >= MATTERS for finding in self.findings)
        return f"{head}: {counted(many, 'finding')}"

    def __str__(self) -> str:
        rows = [self.title]
        for number, finding in enumerate(self.findings, 1):
            rows.append(f"{number}. {finding.title}")
            rows += [f"   {line}" for line in finding.text.splitlines()]
            if finding.facts:
                rows.append(f"   evidence: {told_seqs(finding.facts)}")
        rows.append(f"Looked at: {'; '.join(self.looked)}.")
        return "\n".join(rows)

    __repr__ = __str__

    def to_json(self) -> dict[str, Any]:
        """`{run, machine, seq, state, healthy, title, text, findings, looked}`, all of it JSON."""
        return {
            "run": self.run,
            "machine": self.machine,
            "seq": self.seq,
            "state": self.state,
            "healthy": self.healthy,
            "title": self.title,
            "text": str(self),
            "findings": [
                {
                    "title": finding.title,
                    "text": finding.text,
                    "weight": finding.weight,
                    "facts": list(finding.facts),
                    "kind": finding.kind,
                }
                for finding in self.findings
            ],
            "looked": list(self.looked),
        }

    def to_frame(self) -> pd.DataFrame:
        """A row per finding: weight, kind, title, text, facts."""
        import pandas as pd

        rows = [(f.weight, f.kind, f.title, f.text, f.facts) for f in self.findings]
        return pd.DataFrame(rows, columns=list(FRAME))

    def _repr_html_(self) -> str:
        parts = [f'<div class="tr-why"><style>{STYLE}</style><p><b>{marked(self.title)}</b></p>']
        for number, finding in enumerate(self.findings):
            lines = "<br>".join(marked(line) for line in finding.text.splitlines())
            seqs = xml(told_seqs(finding.facts))
            place = f'<div><span class="tr-seq">{seqs}</span></div>' if finding.facts else ""
            parts.append(
                f"<details{' open' if number < 3 else ''}><summary>{marked(finding.title)}"
                f'<span class="tr-kind">{xml(finding.kind)}</span></summary>'
                f'<div class="tr-leaf">{lines}{place}</div></details>'
            )
        parts.append(f"<p>Looked at: {marked('; '.join(self.looked))}.</p></div>")
        return "".join(parts)


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The weightiest first; of the same weight, the one that came first."""
    return tuple(sorted(findings, key=lambda f: (-f.weight, f.facts[:1] or (0,))))


def told_seqs(seqs: Sequence[int]) -> str:
    """`seq 3, 7, 9 and 4 more`."""
    shown = ", ".join(f"{seq}" for seq in seqs[:SHOWN])
    rest = len(seqs) - SHOWN
    return f"seq {shown}{f' and {rest:,} more' if rest > 0 else ''}" if seqs else ""


def times(count: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")
