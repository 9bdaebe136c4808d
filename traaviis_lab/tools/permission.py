"""Decide whether a tool may be called: a person's word counts, its server's only restricts."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

from .definition import Definition
from .settings import Rules

Permission = Literal["allow", "ask", "deny"]


class Known(NamedTuple):
    """What is remembered of a tool. `change` is how it differs from what was known of it.

    `always` says that a person allowed it for good, as it is described now.
    """

    change: str = ""
    always: bool = False


class Verdict(NamedTuple):
    """Whether a tool may be called, and why that is so."""

    permission: Permission
    why: str


def judge(definition: Definition, rules: Rules, known: Known) -> Verdict:
    """Whether it may be called. A function of its arguments.

    Annotations never loosen anything, unless the person trusts the server with `trust=True`.
    """
    name = definition.name
    if _named(name, rules.deny) or definition.is_heavy:
        heavy = "its schema would take too long to check"
        return Verdict("deny", heavy if definition.is_heavy else "it is denied by name")
    if known.change:
        return Verdict("ask", "its server describes it otherwise than before")
    if known.always:
        return Verdict("allow", "a person allowed it for good")
    if name in rules.allow:
        return Verdict("allow", "it is allowed by its name")
    if definition.hint("destructiveHint"):
        return Verdict("ask", "its server says that it destroys")
    if _named(name, rules.allow):
        return Verdict("allow", "its name fits a pattern that is allowed")
    if rules.trust and definition.hint("readOnlyHint"):
        return Verdict("allow", "its server is trusted, and says that it only reads")
    return Verdict("ask", "nobody has allowed it yet")


def wanted(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a tool is one of those a person wants of a server; no patterns: all are."""
    return not patterns or _named(name, patterns)


def _named(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
