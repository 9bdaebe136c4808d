"""The rules that machines are looked at with: what each is called, how bad it is, and why."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["info", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")


class Rule(NamedTuple):
    """One rule: `what` it finds in half a sentence, and `why` that matters in a whole one."""

    severity: Severity
    what: str
    why: str


RULES: dict[str, Rule] = {
    "hook-io": Rule(
        "error",
        "a hook touches the world itself",
        "What it asked and what came back is in no journal, and nothing cancels it.",
    ),
    "hook-sleep": Rule(
        "error",
        "a hook sleeps",
        "It holds up what called it, and leaving the state does not end the wait.",
    ),
    "guard-io": Rule(
        "error",
        "a guard or an assignment touches the world",
        "Deciding must be a function of data and event, or a replay decides otherwise.",
    ),
    "secret-in-text": Rule(
        "error",
        "a key or password stands in the machine",
        "It goes into the journal, the picture and every copy of the chart.",
    ),
    "hook-loop": Rule(
        "warning",
        "a hook repeats what touches the world in a loop of its own",
        "How often and how long is bounded by nothing, and no attempt is recorded.",
    ),
    "hook-swallows": Rule(
        "warning",
        "a hook passes over its errors",
        "The machine goes on as if it had worked.",
    ),
    "hook-thread": Rule(
        "warning",
        "a hook starts a thread, a process or a task",
        "It outlives the state, and nobody waits for it nor hears of its failure.",
    ),
    "impure-decision": Rule(
        "warning",
        "a guard or an assignment reads the clock or draws by chance",
        "A replay or a fork decides otherwise than the run did.",
    ),
    "no-timeout": Rule(
        "warning",
        "an effect that reaches outside may take for ever",
        "What never answers keeps its state waiting without an error.",
    ),
    "many-attempts": Rule(
        "warning",
        "something is tried more than ten times, retries within retries multiplied",
        "What is down is kept down by those who ask again and again.",
    ),
    "retry-without-pause": Rule(
        "warning",
        "a retry does not wait between its attempts",
        "All attempts fall into the same moment of trouble.",
    ),
    "unbounded-fan-out": Rule(
        "warning",
        "any number, or more than ten, go out at once",
        "The other side takes it for an attack, and this one runs out of connections.",
    ),
    "no-compensation": Rule(
        "warning",
        "steps that change the world follow each other, and one cannot be undone",
        "Where a later step fails, what the earlier ones did stays done.",
    ),
    "no-on-error": Rule(
        "warning",
        "a state reaches outside, and nothing takes its failure",
        "When an effect fails for good, the run stays where it is.",
    ),
    "hook-print": Rule(
        "info",
        "a hook prints or logs",
        "The line is in no journal, so nobody finds it by run and step.",
    ),
    "not-portable": Rule(
        "info",
        "a guard or an assignment is a Python function",
        "The machine runs, but has no document: it cannot be sent, stored or drawn elsewhere.",
    ),
    "plain-http": Rule(
        "info",
        "an address on another machine is asked without encryption",
        "Whoever sits in between reads and changes what is said.",
    ),
}
