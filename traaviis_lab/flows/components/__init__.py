"""Components that come with the lab: Security, Timer, Logger, Audit. No I/O."""

from __future__ import annotations

from traaviis_lab.machine.mixing.registry import register_component

from .audit import Audit
from .logger import Logger
from .security import Security
from .timer import Timer

__all__ = ["Audit", "Logger", "Security", "Timer", "register_all"]


def register_all() -> None:
    """Let documents use them by their names."""
    for component in (Audit, Logger, Security, Timer):
        register_component(component)
