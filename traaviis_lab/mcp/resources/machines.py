"""What can be read of machines: which there are, their specs and their pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traaviis_lab.views import to_mermaid, to_svg

from .address import Address, write_address

if TYPE_CHECKING:
    from traaviis_lab.mcp.call import Call

MOST = 500


def machines_index(call: Call, address: Address) -> dict[str, Any]:
    """Every machine that the tenant may start, by name."""
    charts = call.charts.of(call.tenant)
    ours = call.lab.machines()
    names = sorted(charts)
    return {
        "machines": [
            {
                "name": name,
                "version": charts[name].version,
                "hash": charts[name].hash,
                "states": len(charts[name].states),
                "events": sorted(charts[name].events),
                "made_by": "the lab" if name in ours else "an agent",
                "chart": write_address("machines", name, "chart"),
                "diagram": write_address("machines", name, "diagram.svg"),
            }
            for name in names[:MOST]
        ],
        "more": len(names) > MOST,
    }


def machine_chart(call: Call, address: Address) -> dict[str, Any]:
    """A machine's spec in its normal form: what `create_fsm` takes."""
    spec: dict[str, Any] = call.charts.find(call.tenant, address.name).to_spec()
    return spec


def machine_svg(call: Call, address: Address) -> str:
    """A machine's diagram as SVG."""
    return to_svg(call.charts.find(call.tenant, address.name))


def machine_mermaid(call: Call, address: Address) -> str:
    """A machine's diagram as Mermaid text."""
    return to_mermaid(call.charts.find(call.tenant, address.name))
