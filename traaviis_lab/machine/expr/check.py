"""Refuse what can be known to be wrong before any data is there: names, functions, types.

Types are those of literals and of what functions answer; what comes out of data is "any". What
is refused here would be refused by CEL's own checker or fail in it; the reverse is not so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, assert_never

from . import nodes as n
from .regex import read_pattern
from .source import Source, suggest
from .values import TYPES, kind

ANY: Final = "any"
NUMBERS: Final = frozenset({"int", "uint", "double"})
_KEYS: Final = frozenset({"string", "bool", *NUMBERS})
_SIZED: Final = frozenset({"string", "bytes", "list", "map"})
_TEXT: Final = frozenset({"string"})
_ADDED: Final = frozenset({*NUMBERS, "string", "bytes", "list"})
_OPERANDS: Final[Mapping[str, frozenset[str]]] = {
    "+": _ADDED, "-": NUMBERS, "*": NUMBERS, "/": NUMBERS, "%": frozenset({"int", "uint"}),
    **dict.fromkeys(("<", "<=", ">", ">="), frozenset({*NUMBERS, "bool", "string", "bytes"})),
}  # fmt: skip


class Signature(NamedTuple):
    """How a function is written and what it takes and answers."""

    takes: tuple[frozenset[str], ...]
    answers: str
    function: bool
    method: bool


FUNCTIONS: Final[Mapping[str, Signature]] = {
    "size": Signature((_SIZED,), "int", True, True),
    "matches": Signature((_TEXT, _TEXT), "bool", True, True),
    "startsWith": Signature((_TEXT, _TEXT), "bool", False, True),
    "endsWith": Signature((_TEXT, _TEXT), "bool", False, True),
    "contains": Signature((_TEXT, _TEXT), "bool", False, True),
    "int": Signature((NUMBERS | _TEXT,), "int", True, False),
    "uint": Signature((NUMBERS | _TEXT,), "uint", True, False),
    "double": Signature((NUMBERS | _TEXT,), "double", True, False),
    "string": Signature((NUMBERS | {"string", "bytes", "bool"},), "string", True, False),
    "bytes": Signature((frozenset({"string", "bytes"}),), "bytes", True, False),
    "bool": Signature((frozenset({"bool", "string"}),), "bool", True, False),
    "type": Signature((frozenset(),), "type", True, False),
    "dyn": Signature((frozenset(),), ANY, True, False),
}
_MACROS: Final = {
    "all": "list.all(x, test)",
    "exists": "list.exists(x, test)",
    "exists_one": "list.exists_one(x, test)",
    "filter": "list.filter(x, test)",
    "map": "list.map(x, value)",
    "has": "has(data.name)",
}
_SAME: Final = {
    "len": "size", "length": "size", "count": "size", "any": "exists", "some": "exists",
    "every": "all", "str": "string", "float": "double", "number": "double", "match": "matches",
    "test": "matches", "includes": "contains", "find": "contains", "existsOne": "exists_one",
}  # fmt: skip
_WORDS: Final = {
    "True": "Write true.", "False": "Write false.", "None": "Write null.", "nil": "Write null.",
    "undefined": "Write null, or has(data.name).",
    "and": "Write && for 'and'.", "or": "Write || for 'or'.", "not": "Write ! for 'not'.",
}  # fmt: skip


def check(source: Source, node: n.Node, names: Sequence[str]) -> dict[int, str]:
    """The type of every node by its `id()`; DefinitionError for what cannot work."""
    checker = _Checker(source, names)
    checker.type_of(node)
    return checker.types


class _Checker:
    def __init__(self, source: Source, names: Sequence[str]) -> None:
        self.source = source
        self.names = names
        self.variables: list[str] = []
        self.types: dict[int, str] = {}

    def type_of(self, node: n.Node) -> str:
        found = self.types[id(node)] = self._find(node)
        return found

    def _find(self, node: n.Node) -> str:  # noqa: C901, PLR0911, PLR0912 - one case per node
        match node:
            case n.Constant(value):
                return kind(value)
            case n.Name():
                return self._name(node)
            case n.Select(operand, field, pos):
                self._need(operand, frozenset({"map"}), f"Field {field!r} is asked of", pos)
                return ANY
            case n.Has(operand, field, pos):
                self._need(operand, frozenset({"map"}), f"Field {field!r} is asked of", pos)
                return "bool"
            case n.Index():
                return self._index(node)
            case n.Call():
                return self._call(node)
            case n.Unary():
                return self._unary(node)
            case n.Binary():
                return self._binary(node)
            case n.Logic(sign, terms, _):
                for term in terms:
                    self._need(term, frozenset({"bool"}), f"{sign!r} cannot take", term.pos)
                return "bool"
            case n.Ternary():
                return self._ternary(node)
            case n.ListOf(items):
                for item in items:
                    self.type_of(item)
                return "list"
            case n.MapOf(entries):
                for key, value in entries:
                    self._need(key, _KEYS - {"double"}, "The key of a map cannot be", key.pos)
                    self.type_of(value)
                return "map"
            case n.Macro():
                return self._macro(node)
            case _:
                assert_never(node)

    def _need(self, node: n.Node, allowed: frozenset[str], problem: str, pos: int) -> str:
        """The type of `node`, which must be one of `allowed` where it is known."""
        found = self.type_of(node)
        if allowed and found != ANY and found not in allowed:
            wanted = " or ".join(sorted(allowed))
            raise self.source.refuse(f"{problem} a value of type {found}; it needs {wanted}.", pos)
        return found

    def _name(self, node: n.Name) -> str:
        if node.name in self.variables:
            return ANY
        if node.name in self.names:
            return {"state": "list", "data": "map", "event": "map"}.get(node.name, ANY)
        if node.name in TYPES:
            return "type"
        known = [*self.variables, *self.names]
        hint = _WORDS.get(node.name) or suggest(node.name, known)
        problem = f"Unknown name {node.name[:60]!r}."
        raise self.source.refuse(problem, node.pos, hint or f"Names here: {', '.join(known)}.")

    def _index(self, node: n.Index) -> str:
        container = self._need(node.operand, frozenset({"list", "map"}), "[ ] is used on", node.pos)
        allowed = NUMBERS if container == "list" else _KEYS
        self._need(node.key, allowed, "The index is", node.key.pos)
        return ANY

    def _unary(self, node: n.Unary) -> str:
        if node.sign == "!":
            self._need(node.operand, frozenset({"bool"}), "'!' cannot take", node.pos)
            return "bool"
        return self._need(node.operand, frozenset({"int", "double"}), "'-' cannot take", node.pos)

    def _binary(self, node: n.Binary) -> str:
        sign = node.sign
        left, right = self.type_of(node.left), self.type_of(node.right)
        if sign == "in":
            if right not in (ANY, "list", "map") or (right == "map" and left not in (ANY, *_KEYS)):
                raise self._mismatch(
                    node, left, right, "'in' looks into a list or the keys of a map."
                )
            return "bool"
        mixed = {left, right} <= NUMBERS
        if sign in ("==", "!="):
            whole = isinstance(node.left, n.Name) or isinstance(node.right, n.Name)
            if ANY not in (left, right) and left != right and not (mixed or whole):
                raise self._mismatch(node, left, right, "They can never be equal.")
            return "bool"
        allowed = _OPERANDS[sign]
        known = {left, right} - {ANY}
        ordering = sign[0] in "<>"
        if not known <= allowed or (len(known) > 1 and not (ordering and mixed)):
            raise self._mismatch(node, left, right, _cure(sign, left, right))
        return "bool" if ordering else next(iter(known), ANY)

    def _mismatch(self, node: n.Binary, left: str, right: str, hint: str) -> Exception:
        problem = f"{node.sign!r} cannot take {_a(left)} and {_a(right)}."
        return self.source.refuse(problem, node.pos, hint)

    def _ternary(self, node: n.Ternary) -> str:
        self._need(node.test, frozenset({"bool"}), "'?' cannot test", node.test.pos)
        yes, no = self.type_of(node.yes), self.type_of(node.no)
        return yes if yes == no else ANY

    def _macro(self, node: n.Macro) -> str:
        problem = f"{node.kind}() goes through"
        self._need(node.target, frozenset({"list", "map"}), problem, node.pos)
        self.variables.append(node.variable)
        tests = node.keep if node.kind == "map" else node.body
        if tests is not None:
            self._need(tests, frozenset({"bool"}), f"The test of {node.kind}() is", tests.pos)
        if node.kind == "map":
            self.type_of(node.body)
        self.variables.pop()
        return "list" if node.kind in ("filter", "map") else "bool"

    def _call(self, node: n.Call) -> str:
        signature = FUNCTIONS.get(node.function)
        if signature is None or not (signature.method if node.method else signature.function):
            raise self._unknown(node, signature)
        if len(node.args) != len(signature.takes):
            count = len(signature.takes) - node.method
            given = len(node.args) - node.method
            problem = f"{node.function}() takes {count} argument{'s' * (count != 1)}, not {given}."
            raise self.source.refuse(problem, node.pos)
        for arg, allowed in zip(node.args, signature.takes, strict=True):
            self._need(arg, allowed, f"{node.function}() is given", arg.pos)
        if node.function == "matches" and isinstance(node.args[1], n.Constant):
            self._pattern(node.args[1])
        return signature.answers

    def _pattern(self, node: n.Constant) -> None:
        try:
            read_pattern(node.value)
        except ValueError as error:
            problem = f"The regular expression cannot be read: {error}."
            raise self.source.refuse(problem, node.pos) from None

    def _unknown(self, node: n.Call, signature: Signature | None) -> Exception:
        name = node.function
        what = "method" if node.method else "function"
        if signature is not None:
            other = f"value.{name}(...)" if not node.method else f"{name}(value)"
            return self.source.refuse(f"{name}() is no {what}.", node.pos, f"Write {other}.")
        if name in _MACROS:
            problem = f"{name}() is not written like this."
            return self.source.refuse(problem, node.pos, f"Write {_MACROS[name]}.")
        known = {*FUNCTIONS, *_MACROS}
        hint = f"Did you mean {_SAME[name]!r}?" if name in _SAME else suggest(name, known)
        hint = hint or f"Known: {', '.join(sorted(known))}."
        return self.source.refuse(f"Unknown {what} {name[:60]!r}.", node.pos, hint)


def _a(type_name: str) -> str:
    if type_name == ANY:
        return "a value"
    return f"{'an' if type_name[0] in 'aiou' and type_name != 'uint' else 'a'} {type_name}"


def _cure(sign: str, left: str, right: str) -> str:
    if {left, right} == {"int", "double"} and sign != "%":
        return "Turn one into the other: double(x) or int(x); 2.0 is a double, 2 an int."
    if sign == "+" and "string" in (left, right):
        return "Turn the other one into text with string()."
    return ""
