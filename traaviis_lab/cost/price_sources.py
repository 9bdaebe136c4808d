"""Where prices come from: the dated snapshot of this package, or litellm's own where newer.

litellm itself is not imported: its map is a file of its distribution, read as text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import metadata, resources
from typing import Any

from .price import Price
from .price_rows import from_row, prices_in

MAP = "litellm/model_prices_and_context_window_backup.json"


def snapshot() -> Mapping[str, Any]:
    """The snapshot as it is kept: `{source, version, as_of, rows}`."""
    text = resources.files(__package__).joinpath("prices.json").read_text(encoding="utf-8")
    kept: Mapping[str, Any] = json.loads(text)
    return kept


def packaged(kept: Mapping[str, Any]) -> dict[str, Price]:
    """The snapshot's prices by `provider/model`."""
    source, as_of = f"{kept['source']} {kept['version']}", kept["as_of"]
    return {name: from_row(row, source, as_of) for name, row in kept["rows"].items()}


def newer(version: str) -> dict[str, Price]:
    """The prices of the litellm that is installed, if it is newer than `version`; else none."""
    try:
        found = metadata.distribution("litellm")
        if _order(found.version) <= _order(version):
            return {}
        models = json.loads(found.locate_file(MAP).read_text())
    except (metadata.PackageNotFoundError, OSError, ValueError, AttributeError):
        return {}
    if not isinstance(models, Mapping):
        return {}
    source = f"litellm {found.version}"
    return {name: price.sourced(source) for name, price in prices_in(models)}


def _order(version: str) -> tuple[int, ...]:
    """The numbers of a version, to compare it by."""
    numbers = []
    for part in version.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        numbers.append(int(digits or 0))
    return tuple(numbers)
