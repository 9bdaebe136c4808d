"""The prompt that asks for a machine: the task, the format of a spec, and how to try it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from traaviis_lab.flows.reference import EXAMPLE, OUTCOMES
from traaviis_lab.machine.effect import VOCABULARY

from .prompt import Argument, Prompt, steps

if TYPE_CHECKING:
    from traaviis_lab.mcp.call import Call

FORMAT = """\
A machine is one document, `spec: traaviis/1` (send it as a JSON object; YAML below is shorter).
- `name`, `initial`, `data` (what it starts with), `states`; a state may hold `states` of its own,
  and `parallel: true` makes them regions. `final: true` is an end; `history: deep` a memory.
- A transition: `{on: event, to: state, when: expression, assign: {field: expression},
  do: effects}`. `after: [{delay: 30s, to: state}]` is a timed one. Of one state's transitions the
  first that fits is taken.
- `enter`, `exit` and `do` take effects: mappings with a `kind`. `on_success` and `on_error` of a
  state are taken when its `enter` effects have ended; `into: field` keeps a result in the data.
- Expressions read `data` and `event` (`data.total > 10`); a fixed text needs quotes: "'away'".
  Texts of effects may hold `{{ data.field }}`.
- `validate: [{on: event, when: expression, reason: text}]` refuses events; `events` describes their
  data as a small JSON Schema.
"""


def design_machine(call: Call, arguments: Mapping[str, str], tools: Collection[str]) -> str:
    """What is needed to write a machine for a task, and to see that it works."""
    ways = steps(
        tools,
        ("get_available_modules", "which effects, templates, models and components there are."),
        ("create_ai_workflow", "your spec is checked, and what it would cost is foreseen; mistakes "
         "come back with place and cure."),
        ("create_fsm", "start it (with an id of your choice)."),
        ("validate_transition", "ask what an event would do before you send it."),
        ("send_event", "drive it along every way that matters, wrong turns too."),
        ("get_history", "see what it did."),
    )  # fmt: skip
    machines = ", ".join(sorted(call.lab.machines())[:50])
    return "\n\n".join(
        part
        for part in (
            f"Design a state machine for this task:\n{arguments['task'].strip()}",
            FORMAT.rstrip(),
            f"An example:\n```yaml\n{EXAMPLE}```",
            f"One with effects that have outcomes:\n```yaml\n{OUTCOMES}```",
            f"Effects:\n{_effects()}",
            f"Machines that are here already: {machines}." if machines else "",
            f"What you can call, best in this order:\n{ways}" if ways else "",
            "First name the states, the events and what can go wrong (refusals, failures, time "
            "running out), each with a way on. Keep it as small as the task allows. Then write the "
            "spec, try it as above, and show the spec that works.",
        )
        if part
    )


def _effects() -> str:
    return "\n".join(
        f"- `{kind}`: {(word.__doc__ or '').partition(chr(10))[0]}"
        for kind, word in sorted(VOCABULARY.items())
        if not word.internal
    )


DESIGN_MACHINE = Prompt(
    "design_machine",
    "Design a machine for this task",
    "Write a machine for a task: the format of a spec, the effects there are, and how to try it.",
    (Argument("task", "What the machine is for."),),
    design_machine,
)
