"""Which kernel and which notebook this process is, asked of what is loaded already."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple


class Here(NamedTuple):
    """The kernel's id and the notebook's path; "" each where that is not known."""

    kernel: str
    notebook: str


def here() -> Here:
    """The kernel and the notebook of this process. Never imports ipykernel."""
    kernel = _kernel()
    return Here(kernel, _notebook() if kernel else "")


def _kernel() -> str:
    app: Any = getattr(sys.modules.get("ipykernel.kernelapp"), "IPKernelApp", None)
    if app is None or not app.initialized():
        return ""
    name = Path(str(getattr(app.instance(), "connection_file", ""))).name
    return name.removesuffix(".json").removeprefix("kernel-")


def _notebook() -> str:
    # VS Code says it in the notebook's own names, Jupyter in the environment.
    told = getattr(sys.modules.get("__main__"), "__vsc_ipynb_file__", None)
    path = told if isinstance(told, str) else os.environ.get("JPY_SESSION_NAME", "")
    return os.path.abspath(path) if path else ""
