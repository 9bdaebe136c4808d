"""The tool that says what there is to build with: machines, effects, models, functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from traaviis_lab import gallery
from traaviis_lab.effects import VOCABULARY
from traaviis_lab.errors import LabError
from traaviis_lab.machine import Chart
from traaviis_lab.machine.effect import Effect, is_hidden, shape_of, word_of
from traaviis_lab.machine.mixing.registry import components
from traaviis_lab.mcp.call import Call

from . import shown
from .tool import Params, tool

What = Literal["machines", "templates", "effects", "models", "functions", "components", "hosts"]


class GetAvailableModules(Params):
    """What `get_available_modules` takes."""

    what: Annotated[What | None, Field(description="One kind; absent: the names of all.")] = None
    name: Annotated[str | None, Field(description="All of one of them, such as an effect.")] = None


@tool("core", "read", read_only=True, quotes=True)
def get_available_modules(call: Call, params: GetAvailableModules) -> Mapping[str, Any]:
    """What to build with: machines, templates, effects and their fields, models, functions,
    components, hosts that may be called."""
    if params.what is None:
        return {what: shown.bounded(_KINDS[what](call)) for what in get_args(What)}
    found = _KINDS[params.what](call)
    if params.name is None:
        return {params.what: found}
    if params.name not in found:
        raise LabError(
            f"There is no {params.name!r} among the {params.what}.",
            hint=f"There are: {', '.join(sorted(found)) or 'none'}.",
        )
    return {params.what: {params.name: _whole(params.what, params.name, found[params.name])}}


def templates() -> dict[str, Chart]:
    """The machines of the gallery, by name."""
    found = (getattr(gallery, name) for name in gallery.__all__ if name[0].isupper())
    return {one.chart.name: one.chart for one in found}


def _machines(call: Call) -> dict[str, Any]:
    mine = set(call.lab.guest_machines(call.tenant))
    return {
        name: {**shown.chart(chart), **({"made_by": "agent"} if name in mine else {})}
        for name, chart in sorted(call.charts.of(call.tenant).items())
    }


def _effects(call: Call) -> dict[str, Any]:
    return {
        kind: _first_line(word)
        for kind, word in sorted(VOCABULARY.items())
        if not word.internal and call.lab.performs(kind)
    }


def _models(call: Call) -> dict[str, Any]:
    rows = call.lab.models.table().to_dict("records")
    usual = call.lab.models.default
    found = {
        str(row["name"]): {
            "models": f"{row['name']}/...", "source": row["source"],
            "aliases": bounded_names(row["aliases"]),
        }
        for row in rows
    }  # fmt: skip
    return {**found, **({"(default)": usual} if usual else {})}


def bounded_names(names: Any) -> list[str]:
    """A few names of many."""
    return shown.bounded([str(one) for one in names], 10)


def _functions(call: Call) -> dict[str, Any]:
    return {
        name: (getattr(function, "__doc__", None) or "").strip().partition("\n")[0][:200]
        for name, function in sorted(call.lab.functions().items())
    }


def _components(call: Call) -> dict[str, Any]:
    return {
        name: f"parameters: {', '.join(p.name for p in one.parameters) or 'none'}"
        for name, one in components().items()
    }


def _hosts(call: Call) -> dict[str, Any]:
    return dict.fromkeys(call.lab.allowed_hosts(), "")


_KINDS: dict[str, Callable[[Call], dict[str, Any]]] = {
    "machines": _machines,
    "templates": lambda call: {name: shown.chart(one) for name, one in templates().items()},
    "effects": _effects,
    "models": _models,
    "functions": _functions,
    "components": _components,
    "hosts": _hosts,
}


def _first_line(word: type[Effect]) -> str:
    return (word.__doc__ or "").strip().partition("\n")[0]


def _whole(what: str, name: str, short: Any) -> Any:
    """All there is to say of one; of an effect its fields."""
    if what != "effects":
        return short
    said = {
        word_of(field): f"{shape_of(field)}: {field.metadata.get('meaning', '')}"
        for field in fields(VOCABULARY[name])  # type: ignore[arg-type]
        if not is_hidden(field)
    }
    return {"says": short, "fields": said}
