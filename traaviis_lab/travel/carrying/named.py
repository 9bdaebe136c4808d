"""How a generated test comes by its machine: by name, from a file, or with the spec in itself."""

from __future__ import annotations

from typing import NamedTuple

from traaviis_lab.errors import LabError
from traaviis_lab.machine import Chart

from .literals import literal, text

DOCUMENTS = (".yaml", ".yml", ".json")
OF_CODE = "It fails when the machine does something else in this step."
OF_ENGINE = (
    "The chart stands at its end as it\n"
    "was, so it fails when the engine does something else with it. To notice a change in the\n"
    "machine's code, have the test made with `--machine module:Machine`."
)


class Source(NamedTuple):
    """What stands in the test for its machine: what to import, what to define before and after."""

    promise: str
    front: tuple[str, ...] = ()
    standard: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def source_of(chart: Chart, machine: str | None) -> Source:
    """How a test gets `chart`. Raises `LabError` for a name that means nothing."""
    if machine is None:
        return _embedded(chart)
    if not isinstance(machine, str) or not machine.isprintable():
        raise _no_name(machine)
    if machine.endswith(DOCUMENTS):
        found = f'CHART = read_chart(_found({text(machine)}).read_text(encoding="utf-8"))'
        return Source(
            OF_CODE, ("read_chart",), ("from pathlib import Path",), (), (*_FOUND, found, "")
        )
    module, _, name = machine.rpartition(":")
    if not name.isidentifier():
        raise _no_name(machine)
    if module.endswith(".py"):
        return Source(
            OF_CODE,
            standard=("import runpy", "from pathlib import Path"),
            before=(
                *_FOUND,
                f"_machine = runpy.run_path(str(_found({text(module)})))[{text(name)}]",
                _CHART,
                "",
            ),
        )
    home = "traaviis_lab.gallery" if module == "gallery" else module
    if not home or not all(part.isidentifier() for part in home.split(".")):
        raise _no_name(machine)
    return Source(OF_CODE, imports=(f"from {home} import {name} as _machine",), before=(_CHART, ""))


def _embedded(chart: Chart) -> Source:
    if not chart.portable:
        raise LabError(
            f"Chart {chart.name!r} cannot stand in a test: it calls Python in "
            f"{', '.join(chart.callables())}.",
            hint="Say where the test finds the machine: machine='module:Machine' (--machine).",
        )
    return Source(
        OF_ENGINE,
        ("Chart",),
        after=(f"SPEC = {literal(chart.spec, used=7)}", "", "CHART = Chart.from_spec(SPEC)"),
    )


def _no_name(machine: object) -> LabError:
    return LabError(
        f"{machine!r} does not name a machine.",
        hint="module:Machine, doors.py:Machine, door.yaml or gallery:SmartDoor.",
    )


_CHART = 'CHART = getattr(_machine, "chart", _machine)'
_FOUND = (
    "",
    "def _found(name):",
    '    """A file beside this test or in a folder above it."""',
    "    folders = [*Path(__file__).resolve().parents, Path.cwd()]",
    "    return next(path for folder in folders if (path := folder / name).is_file())",
    "",
    "",
)
