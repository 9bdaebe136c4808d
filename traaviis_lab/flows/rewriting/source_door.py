"""The door to libcst: change a Python source in some places, and leave every other byte alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from traaviis_lab.errors import DefinitionError, NotInstalled

from .hook_plans import Insert, Span

if TYPE_CHECKING:
    import libcst as cst


@dataclass(frozen=True, slots=True)
class Wrap:
    """Put a limit around a call: `limit` is the code of the duration."""

    call: Span
    limit: str


@dataclass(slots=True)
class Edits:
    """All that is to be changed in one source.

    `gone` tells the functions that go by where their first statements stand; `fx` is the name of
    the module of effects there, and `imports` whether it is still to be imported.
    """

    fx: str
    imports: bool
    gone: set[Span] = field(default_factory=set)
    inserts: list[Insert] = field(default_factory=list)
    wraps: list[Wrap] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.gone) + len(self.inserts) + len(self.wraps)


def edit_source(text: str, edits: Edits) -> str:
    """The source with these changes.

    Raises `NotInstalled` without libcst, and `DefinitionError` where a place is not found again.
    """
    cst = _library()
    try:
        tree = cst.metadata.MetadataWrapper(cst.parse_module(text), unsafe_skip_copy=True)
    except cst.ParserSyntaxError as error:
        line = f"Line {error.raw_line}: t"
        raise DefinitionError(f"{line}his cannot be rewritten: {error.message}") from None
    rewriter = _rewriter(cst, edits, tree.resolve(cst.metadata.PositionProvider))
    made = tree.module.visit(rewriter)
    if rewriter.count != len(edits):
        raise DefinitionError(
            f"{len(edits) - rewriter.count} of {len(edits)} places were not found again.",
            hint="Nothing was changed. Format the file and try again.",
        )
    if edits.imports:
        made = _with_import(cst, made, edits.fx)
    code: str = made.code
    return code


def _library() -> Any:
    try:
        import libcst
        import libcst.metadata
    except ImportError:
        raise NotInstalled(
            "Python sources are rewritten with libcst, which is not installed.",
            hint="pip install 'traaviis-lab[migrate]'",
        ) from None
    return libcst


def _rewriter(cst: Any, edits: Edits, positions: Any) -> Any:
    """A transformer that makes the edits, and counts them."""
    inserts: dict[Span, list[Insert]] = {}
    for insert in edits.inserts:
        inserts.setdefault(insert.call, []).append(insert)
    wraps = {wrap.call: wrap for wrap in edits.wraps}

    def span_of(node: cst.CSTNode) -> Span:
        place = positions[node]
        begin, end = place.start, place.end
        return Span(begin.line, begin.column, end.line, end.column)

    class Rewriter(cst.CSTTransformer):  # type: ignore[misc]
        count = 0

        def leave_FunctionDef(self, original_node: Any, updated_node: Any) -> Any:  # noqa: N802
            body = original_node.body.body
            if body and span_of(body[0]) in edits.gone:
                self.count += 1
                return cst.RemoveFromParent()
            return updated_node

        def leave_Call(self, original_node: Any, updated_node: Any) -> Any:  # noqa: N802
            place = span_of(original_node)
            for insert in inserts.get(place, ()):
                updated_node = _with_effects(cst, updated_node, insert)
                self.count += 1
            wrap = wraps.get(place)
            if wrap is not None:
                self.count += 1
                return _wrapped(cst, updated_node, edits.fx, wrap.limit)
            return updated_node

    return Rewriter()


def _wrapped(cst: Any, call: Any, fx: str, limit: str) -> Any:
    made = cst.parse_expression(f"{fx}.timeout(x, after={limit})")
    first = made.args[0].with_changes(value=call)
    return made.with_changes(args=[first, *made.args[1:]])


def _with_effects(cst: Any, call: Any, insert: Insert) -> Any:
    """The call with effects under one of its keywords."""
    codes = [cst.parse_expression(code) for code in insert.codes]
    args = list(call.args)
    for n, arg in enumerate(args):
        if arg.keyword is not None and arg.keyword.value == insert.keyword:
            args[n] = arg.with_changes(value=_joined(cst, arg.value, codes, insert.first))
            return call.with_changes(args=args)
    value = codes[0] if len(codes) == 1 else cst.List([cst.Element(code) for code in codes])
    made = cst.parse_expression(f"f({insert.keyword}=x)").args[0].with_changes(value=value)
    return call.with_changes(args=_appended(cst, args, made, call.whitespace_before_args))


def _joined(cst: Any, there: Any, codes: Sequence[Any], first: bool) -> Any:
    """A list of the effects that are there and the new ones."""
    new = [cst.Element(code) for code in codes]
    if not isinstance(there, cst.List | cst.Tuple):
        old = [cst.Element(there)]
        return cst.List([*new, *old] if first else [*old, *new])
    old = list(there.elements)
    if first:
        return there.with_changes(elements=[*(_followed(cst, one) for one in new), *old])
    for one in new:
        space = there.lbracket.whitespace_after if isinstance(there, cst.List) else None
        old = _appended(cst, old, one, space)
    return there.with_changes(elements=old)


def _followed(cst: Any, item: Any) -> Any:
    return item.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))


def _appended(cst: Any, items: list[Any], new: Any, space: Any) -> list[Any]:
    """The items and a new one, on a line of its own where they have such."""
    if not items:
        return [new]
    *others, last = items
    if not isinstance(last.comma, cst.Comma):
        return [*others, _followed(cst, last), new]
    lines = isinstance(space, cst.ParenthesizedWhitespace)
    between = cst.Comma(whitespace_after=space if lines else cst.SimpleWhitespace(" "))
    return [*others, last.with_changes(comma=between), new.with_changes(comma=last.comma)]


def _with_import(cst: Any, module: Any, fx: str) -> Any:
    """The module with `effects as fx` imported beside what comes from traaviis_lab."""
    name = "effects" if fx == "effects" else f"effects as {fx}"
    line = cst.parse_statement(f"from traaviis_lab import {name}", config=module.config_for_parsing)
    body = list(module.body)
    for n, statement in enumerate(body):
        whole = _import_of_lab(cst, statement)
        if whole is not None:
            new = line.body[0].names[0]
            space = whole.lpar.whitespace_after if whole.lpar else None
            names = _appended(cst, list(whole.names), new, space)
            small = [whole.with_changes(names=names), *statement.body[1:]]
            body[n] = statement.with_changes(body=small)
            return module.with_changes(body=body)
    after = _last(body, lambda one: _is_import(cst, one))
    body.insert(after + 1 if after is not None else _preface(cst, body), line)
    return module.with_changes(body=body)


def _import_of_lab(cst: Any, statement: Any) -> Any:
    """`from traaviis_lab import ...` of names, if the statement is that."""
    if not isinstance(statement, cst.SimpleStatementLine):
        return None
    small = statement.body[0]
    is_from = isinstance(small, cst.ImportFrom) and not small.relative
    if not is_from or isinstance(small.names, cst.ImportStar) or small.module is None:
        return None
    return small if getattr(small.module, "value", "") == "traaviis_lab" else None


def _is_import(cst: Any, statement: Any) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and isinstance(
        statement.body[0], cst.Import | cst.ImportFrom
    )


def _last(items: Iterable[Any], wanted: Callable[[Any], bool]) -> int | None:
    found = [n for n, item in enumerate(items) if wanted(item)]
    return found[-1] if found else None


def _preface(cst: Any, body: Sequence[Any]) -> int:
    """How many statements a docstring at the top is."""
    first = body[0] if body else None
    is_text = isinstance(first, cst.SimpleStatementLine) and isinstance(first.body[0], cst.Expr)
    return int(is_text)
