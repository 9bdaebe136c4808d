"""Words for notebook cells: `%%machine`, `%journal` and `%debug_run`.

They are there after `%load_ext traaviis_lab`.
"""

from __future__ import annotations

from typing import Any

__all__ = ["load_ipython_extension"]


def load_ipython_extension(ipython: Any) -> None:
    """Register the magics with this IPython; called by `%load_ext traaviis_lab`."""
    from .words import TraaviisMagics

    ipython.register_magics(TraaviisMagics)
