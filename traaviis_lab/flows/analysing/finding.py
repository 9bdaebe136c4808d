"""What an analysis answers with: findings, each with its place, its reason and its cure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .rules import RULES, SEVERITIES, Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a machine could gain.

    `place` is a state, transition or hook in the words of its file; `what` says what stands
    there, `cure` is what to write instead. `line` counts from 1; 0 where it is not known.
    """

    rule: str
    machine: str
    place: str
    line: int
    what: str
    cure: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return RULES[self.rule].severity

    @property
    def why(self) -> str:
        """Why that matters."""
        return RULES[self.rule].why

    def is_at_least(self, severity: Severity) -> bool:
        """Whether it is as bad as that, or worse."""
        return SEVERITIES.index(self.severity) >= SEVERITIES.index(severity)

    def to_json(self) -> dict[str, Any]:
        """The finding as programs read it."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "machine": self.machine,
            "place": self.place,
            "line": self.line,
            "what": self.what,
            "why": self.why,
            "cure": self.cure,
        }


@dataclass(frozen=True, slots=True)
class Analysis:
    """The machines that were found in a text, and what was found in them, in its order."""

    machines: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each severity."""
        found = [finding.severity for finding in self.findings]
        return {severity: found.count(severity) for severity in reversed(SEVERITIES)}
