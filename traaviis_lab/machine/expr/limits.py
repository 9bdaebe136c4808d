"""How much an expression may ask for, so that no document can stall or fill the machine."""

from __future__ import annotations

from typing import Final

MAX_SOURCE: Final = 10_000
"""Characters of one expression."""

MAX_DEPTH: Final = 100
"""Levels of nesting of one expression; a chain like `a + b + c` is one level per sign."""

MAX_LITERAL: Final = 1_000
"""Items of one list or map literal."""

MAX_WORK: Final = 1_000_000
"""Steps of all macros of one evaluation: items visited times the nodes of the macro's body."""

MAX_TEXT: Final = 1_000_000
"""Characters of a string (or bytes) that an expression or a template makes."""

MAX_LIST: Final = 1_000_000
"""Items of a list that `+` makes."""

MAX_PATTERN: Final = 1_000
"""Characters of a regular expression."""

MAX_STEPS: Final = 2_000
"""Steps of the machine made of a regular expression; `a{100}` is a hundred."""

MAX_MATCH_WORK: Final = 2_000_000
"""Characters of a subject times steps of the pattern's machine in one `matches()`."""

MAX_TEMPLATE_DEPTH: Final = 64
"""Levels of lists and maps in a value that holds templates."""

MAX_INT: Final = 2**63 - 1
MIN_INT: Final = -(2**63)
MAX_UINT: Final = 2**64 - 1
