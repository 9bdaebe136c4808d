"""Guards and assignments: a CEL subset, compiled once to Python closures. No I/O.

    guard = compile_expression("data.total + event.amount > 10", expected="bool")
    guard.compute(data, event, active)

lexer -> parser -> check -> compile; `docs/expressions.md` is the language's reference.
"""

from __future__ import annotations

from .formula import compile_expression, paths

__all__ = ["compile_expression", "paths"]
