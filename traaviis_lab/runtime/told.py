"""A failure that a record tells, brought home word for word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traaviis_lab.errors import EffectError, LabError


class _Told(EffectError):
    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error.get("message", ""), hint=error.get("hint", ""))
        self._error = dict(error)

    def to_json(self) -> dict[str, Any]:
        """As it was written down."""
        return self._error


def told(error: Mapping[str, Any]) -> LabError:
    """The failure of an effect as its fact says it (`{error, message, hint, ...}`)."""
    return _Told(error)
