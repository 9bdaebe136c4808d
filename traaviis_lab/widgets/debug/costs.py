"""The costs of a run up to a fact as the debugger shows them: rows of words."""

from __future__ import annotations

from typing import Any

from traaviis_lab.travel.costing import Costs
from traaviis_lab.travel.costing.text import row_words, unit_of

MOST = 60


def told_costs(costs: Costs) -> dict[str, Any]:
    """`{rows, notes}`: a row per state, the whole last; nothing where no model was asked yet."""
    states = costs.states()
    if not states:
        return {"rows": [], "notes": costs.notes()}
    total = costs.total
    unit = unit_of(total)
    rows = [row_words(str(row["state"]) or "(start)", row, unit) for row in states[:MOST]]
    if len(states) > MOST:
        rows.append((f"and {len(states) - MOST:,} more", *[""] * 7))
    rows.append(row_words("all", total, unit))
    return {"rows": [[row[at] for at in _ORDER] for row in rows], "notes": costs.notes()}


_ORDER = (0, 5, 4, 6, 1, 2, 3)
"""The estimate stands beside the cost; the time is on the timeline."""
