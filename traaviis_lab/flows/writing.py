"""Write charts as YAML or JSON texts that people like to read, without loss."""

from __future__ import annotations

import json
from typing import Literal

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.chart import Chart
from traaviis_lab.machine.problems import show

from .yaml_text import yaml_text

Format = Literal["yaml", "json"]


def write_chart(chart: Chart, format: Format = "yaml") -> str:
    """The chart's normal form as text; `read_chart` gives an equal chart back.

    Raises DefinitionError for a chart that calls Python (`chart.portable` is false).
    """
    spec = chart.to_spec()
    if format == "yaml":
        return yaml_text(spec)
    if format == "json":
        return json.dumps(spec, indent=2, ensure_ascii=False) + "\n"
    raise DefinitionError(f"There is no format {show(format)} here.", hint="Formats: yaml, json.")
