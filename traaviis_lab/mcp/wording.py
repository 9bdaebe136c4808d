"""Say hints of the lab in an agent's words: the tool to call, in place of the line of Python."""

from __future__ import annotations

import re

_ARGUMENTS = r"\((?:[^()]|\([^()]*\))*\)"
_TOOLS = tuple(
    (re.compile(python + _ARGUMENTS), tool)
    for python, tool in (
        (r"\brun\.pause", 'set_breakpoint with action="pause"'),
        (r"\brun\.breakpoint", "set_breakpoint"),
        (r"\brun\.(?:step|run_to)", "step"),
        (r"\brun\.resume", "resume"),
        (r"\brun\.(?:history|effects|notes)", "get_history"),
        (r"\brun\.why", "why"),
        (r"\brun\.(?:send|send_event)", "send_event"),
        (r"\brun\.fork", "fork_run"),
        (r"\brun\.replay", "replay_run"),
        (r"\brun\.costs", "compare_costs"),
        (r"\blab\.runs", "list_tenant_fsms"),
        (r"\blab\.recording", "get_history"),
        (r"\blab\.run(?=\()", "get_fsm_state"),
        (r"\blab\.start", "create_fsm"),
        (r"\blab\.run_pipeline", "execute_effect_pipeline"),
        (r"\blab\.estimate", "estimate_cost"),
        (r"\blab\.costs", "compare_costs"),
        (r"\blab\.sql", "query_journal"),
        (r"\blab\.machines", "get_available_modules"),
    )
)
_PYTHON = re.compile(r"\b(?:lab|run|server|fx)\.[a-z_]+|\bpip install\b")


def for_agents(hint: str) -> str:
    """The hint with the tools that do what it says; what is left of Python is a person's to do."""
    for python, tool in _TOOLS:
        hint = python.sub(tool, hint)
    if not _PYTHON.search(hint) or hint.startswith("A person"):
        return hint
    if _PYTHON.match(hint):
        return f"A person can do this in the notebook: {hint}"
    return f"{hint} (Python is for a person, in the notebook.)"
