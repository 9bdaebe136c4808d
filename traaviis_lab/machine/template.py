"""Fill `{{ expression }}` in the texts of a JSON value. No I/O.

A text that is one `{{ }}` and nothing else becomes the value itself; in any other text the value
is written out: strings as they are, numbers as `string()` does, lists and maps as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from .chart import Compute
from .expr.formula import NAMES, finish
from .expr.functions import double_text
from .expr.lexer import Lexer
from .expr.limits import MAX_SOURCE, MAX_TEMPLATE_DEPTH, MAX_TEXT
from .expr.parser import Parser
from .expr.source import Source
from .expr.values import kind

_OPEN: Final = "{{"


def compile_template(
    value: Any, *, where: str = "", names: Sequence[str] = NAMES
) -> Compute | None:
    """What fills the templates of any JSON value, or None when there is none in it.

    Values are filled, the keys of maps are not. A `{{` of its own is written `{{ "{{" }}`.
    DefinitionError when an expression cannot work; ExpressionError later when data is missing.
    """
    return _compile(value, where, names, 0)


def _compile(value: Any, where: str, names: Sequence[str], depth: int) -> Compute | None:
    if isinstance(value, str):
        return _compile_text(Source(value, where), names) if _OPEN in value else None
    if not isinstance(value, Mapping | list | tuple):
        return None
    if depth >= MAX_TEMPLATE_DEPTH:
        problem = f"A value with templates is nested more than {MAX_TEMPLATE_DEPTH} levels deep."
        raise Source("", where).refuse(problem, 0)
    if isinstance(value, Mapping):
        return _compile_map(value, where, names, depth + 1)
    return _compile_list(value, where, names, depth + 1)


def _compile_map(
    value: Mapping[str, Any], where: str, names: Sequence[str], depth: int
) -> Compute | None:
    parts = {}
    for key, item in value.items():
        filled = _compile(item, f"{where}.{key}" if where else str(key), names, depth)
        if filled is not None:
            parts[key] = filled
    if not parts:
        return None
    fixed = dict(value)
    computed = tuple(parts.items())

    def fill(data: Any, event: Any, active: Any) -> dict[str, Any]:
        made = fixed.copy()
        for key, part in computed:
            made[key] = part(data, event, active)
        return made

    return fill


def _compile_list(
    value: Sequence[Any], where: str, names: Sequence[str], depth: int
) -> Compute | None:
    parts = [_compile(item, f"{where}[{i}]", names, depth) for i, item in enumerate(value)]
    computed = tuple((i, part) for i, part in enumerate(parts) if part is not None)
    if not computed:
        return None
    fixed = list(value)

    def fill(data: Any, event: Any, active: Any) -> list[Any]:
        made = fixed.copy()
        for i, part in computed:
            made[i] = part(data, event, active)
        return made

    return fill


def _compile_text(source: Source, names: Sequence[str]) -> Compute:
    """What fills one text: the value itself where the text is a single `{{ }}`."""
    text = source.text
    pieces: list[str] = []
    values: list[Compute] = []
    done = 0
    while (start := text.find(_OPEN, done)) >= 0:
        pieces.append(text[done:start])
        compute, done = _compile_hole(source, start, names)
        values.append(compute)
    pieces.append(text[done:])
    if len(values) == 1 and pieces == ["", ""]:
        return values[0]
    return _join(source, tuple(pieces), tuple(values))


def _compile_hole(source: Source, start: int, names: Sequence[str]) -> tuple[Compute, int]:
    """The value of the `{{ }}` that opens at `start`, and where the text goes on after it."""
    parser = Parser(source, Lexer(source, start + len(_OPEN)))
    if parser.here.kind == "}":
        raise source.refuse("An expression is missing between {{ and }}.", parser.here.pos)
    node = parser.expression()
    end = parser.here.pos
    if parser.here.kind != "}" or source.text[end : end + 2] != "}}":
        hint = 'A {{ of its own is written {{ "{{" }}.'
        raise source.refuse("A '}}' is missing to close the '{{'.", end, hint)
    if end - start > MAX_SOURCE:
        problem = f"This expression has more than {MAX_SOURCE:,} characters."
        raise source.refuse(problem, start)
    inner = source.text[start + len(_OPEN) : end].strip()
    return finish(Source(inner, source.where), node, None, names), end + 2


def _join(source: Source, pieces: tuple[str, ...], values: tuple[Compute, ...]) -> Compute:
    first = pieces[0]
    rest = tuple(zip(values, pieces[1:], strict=True))

    def fill(data: Any, event: Any, active: Any) -> str:
        parts = [first]
        for value, piece in rest:
            found = value(data, event, active)
            parts.append(found if type(found) is str else _text(source, found))
            parts.append(piece)
        made = "".join(parts)
        if len(made) > MAX_TEXT:
            raise source.fail(
                f"The text would have {len(made):,} characters; {MAX_TEXT:,} is the most."
            )
        return made

    return fill


def _text(source: Source, value: Any) -> str:
    what = kind(value)
    if what == "double":
        return double_text(value)
    if what in ("list", "map"):
        try:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        except (RecursionError, TypeError, ValueError) as error:
            raise source.fail(f"The value cannot be written as JSON: {error}.") from None
    if what == "bool":
        return "true" if value else "false"
    return "null" if value is None else str(value)
