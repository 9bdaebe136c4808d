"""Whether a person must be asked before a run is started, since it may cost too much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects import InvokeFsm, SpawnFsm
from traaviis_lab.lab.guest_checks import effects_of

if TYPE_CHECKING:
    from traaviis_lab.lab.estimate import Estimate
    from traaviis_lab.machine import Chart
    from traaviis_lab.mcp.call import Call

ASK_ABOVE_USD = 0.05
"""US dollars that nine of ten such runs stay below, and the sum of a token's that nobody was asked
about; above it a person is asked."""
PAID = frozenset(
    {"call_llm", "rag_pipeline", "validate_quality", "invoke_agent", "coordinate_agents"}
)


def estimate_of(call: Call, chart: Chart, data: Mapping[str, Any] | None) -> Estimate:
    """What a run would take; worked out once in a call."""
    if "estimate" not in call.kept:
        call.kept["estimate"] = call.lab.estimate_guest(chart, tenant=call.tenant, data=data)
    made: Estimate = call.kept["estimate"]
    return made


def why_ask(call: Call, chart: Chart, data: Mapping[str, Any] | None) -> str:
    """Why a person must say yes before a run of this chart; "" if nobody need be asked."""
    far = call.lab.far_providers()
    if not far or not _may_cost(call, chart, set()):
        return ""
    if _names_late(call, chart, set()):
        return f"which models a run of {chart.name} asks is decided while it runs"
    told = estimate_of(call, chart, data).told
    if told.usd is not None:
        if told.usd.p90 <= ASK_ABOVE_USD:
            return _on_the_tab(call, told.usd.p90)
        return f"a run of {chart.name} costs {told.usd.expected:.2f} USD or so"
    unpriced = [line.model for line in told.lines if line.model and line.usd is None]
    if unpriced and not any(name.partition("/")[0] in far for name in unpriced):
        return ""  # nobody answers for these
    whom = f" of {unpriced[0]}" if unpriced else ""
    return f"what a run of {chart.name} costs is not known (no price{whom})"


def _on_the_tab(call: Call, usd: float) -> str:
    """Why even a cheap run is asked about: many of them are not cheap."""
    whole = call.tabs.take(call.grant.id, usd, ASK_ABOVE_USD) if call.tabs is not None else None
    if whole is None:
        call.kept["on_the_tab"] = usd
        return ""
    return f"with what nobody was asked about before, it would come to {whole:.2f} USD or so"


def _names_late(call: Call, chart: Chart, seen: set[str]) -> bool:
    """Whether a template says which model is asked: then an event may say another, dearer one."""
    seen.add(chart.name)
    known = call.charts.of(call.tenant)
    for _, effect in effects_of(chart):
        if effect.kind in PAID and "{{" in str(getattr(effect, "model", "")):
            return True
        if isinstance(effect, InvokeFsm | SpawnFsm) and effect.machine not in seen:
            child = known.get(effect.machine)
            if child is not None and _names_late(call, child, seen):
                return True
    return False


def _may_cost(call: Call, chart: Chart, seen: set[str]) -> bool:
    """Whether anything in a chart, or in what it starts, may ask a model."""
    seen.add(chart.name)
    known = call.charts.of(call.tenant)
    for _, effect in effects_of(chart):
        if effect.kind in PAID:
            return True
        if isinstance(effect, InvokeFsm | SpawnFsm) and effect.machine not in seen:
            child = known.get(effect.machine)
            if child is None or _may_cost(call, child, seen):
                return True
    return False
