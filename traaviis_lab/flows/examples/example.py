"""An example of an effect: the same as a document and in Python, and what comes of it."""

from __future__ import annotations

from typing import NamedTuple

_PREAMBLE = """\
from traaviis_lab import {names}

lab = Lab()
"""


class Example(NamedTuple):
    """An effect as YAML; Python that makes it (`effect`) and runs it; what that prints.

    The Python finds `lab`, `fx` and, where it needs them, `Machine` and `State`; `imports` is
    what it needs beside those. A test runs it and compares the two effects.
    """

    document: str
    python: str
    prints: str
    imports: str = ""

    @property
    def program(self) -> str:
        """The Python with all it needs."""
        names = ["Lab", *(["Machine", "State"] if "(Machine)" in self.python else [])]
        preamble = _PREAMBLE.format(names=", ".join([*names, "effects as fx"]))
        gap = "\n\n" if self.python.startswith(("@", "class", "async", "def")) else "\n"
        before = f"{self.imports}\n" if self.imports else ""
        return f"{before}{preamble}{gap}{self.python}"
