"""Turn a checked tree into closures, one per node, the commonest shapes into a single one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, assert_never

from . import arithmetic, compare, fields, functions, logic, macros, member, sums, work
from . import nodes as n
from .matching import matches_metered
from .paths import spell
from .source import Source
from .values import TYPES
from .work import Evaluate

_ATOMS = (bool, int, float, str)
_LIGHT = 20


def build(source: Source, node: n.Node) -> Evaluate:
    """The function that computes the tree from `(data, event, active)`."""
    depth = _macro_depth(node)
    long = sum(_weight(part) for part in n.walk(node)) > _LIGHT
    compute = _Builder(source, depth > 0 or long, long).build(node)
    return work.scoped(compute, depth) if depth or long else compute


def _weight(node: n.Node) -> int:
    """Whether the time a node takes depends on how long its operands are, and how much."""
    match node:
        case n.Call("matches"):
            return 5
        case n.Binary(_, _, right) if not isinstance(right, n.Constant):
            return 1
        case n.Call(function):
            return int(function in functions.TWO)
        case _:
            return 0


def _macro_depth(node: n.Node) -> int:
    """How many macros lie in each other: as many variables live at once."""
    below = max((_macro_depth(child) for child in n.children(node)), default=0)
    return below + isinstance(node, n.Macro)


class _Builder:
    """`scoped`: closures are handed a scope (see `work`); `metered`: work is counted from here."""

    def __init__(self, source: Source, scoped: bool, metered: bool) -> None:
        self.source = source
        self.scoped = scoped
        self.metered = metered
        self.slots: dict[str, int] = {}
        self.depth = 0

    def build(self, node: n.Node) -> Evaluate:  # noqa: C901, PLR0911, PLR0912 - one case per node
        source = self.source
        match node:
            case n.Constant(value):
                return fields.constant(value)
            case n.Name(name):
                return self._name(name)
            case n.Select(operand, field):
                return self._select(node, operand, field)
            case n.Has(operand, field):
                what = spell(operand) or "the value"
                return fields.has_field(source, self.build(operand), field, what)
            case n.Index(operand, key):
                return self._index(operand, key)
            case n.Call():
                return self._call(node)
            case n.Unary():
                return self._unary(node)
            case n.Binary():
                return self._metered(node) if self.metered else self._binary(node)
            case n.Logic(sign, terms):
                built = tuple(self.build(term) for term in terms)
                if len(built) == 2:
                    return logic.pair(source, sign, *built)
                return logic.chain(source, sign, built)
            case n.Ternary(test, yes, no):
                return logic.choice(source, self.build(test), self.build(yes), self.build(no))
            case n.ListOf(items):
                return _list(tuple(self.build(item) for item in items))
            case n.MapOf(entries):
                return self._map(entries)
            case n.Macro():
                return self._macro(node)
            case _:
                assert_never(node)

    def _name(self, name: str) -> Evaluate:
        if name in self.slots:
            return fields.variable(self.slots[name])
        if name == "state" and self.scoped:
            return fields.state_in_scope
        known = fields.NAMES.get(name)
        return known if known is not None else fields.constant(TYPES[name])

    def _field_of_data(self, node: n.Node) -> str | None:
        """The key, where the node is `data.key`."""
        match node:
            case n.Select(n.Name("data"), key) | n.Index(n.Name("data"), n.Constant(str() as key)):
                return None if "data" in self.slots else key
            case _:
                return None

    def _select(self, node: n.Node, operand: n.Node, field: str) -> Evaluate:
        if self._field_of_data(node) is not None:
            return fields.data_field(self.source, field)
        if isinstance(operand, n.Name) and operand.name == "event" and "event" not in self.slots:
            return fields.event_field(self.source, field)
        what = spell(operand) or "the value"
        return fields.field(self.source, self.build(operand), field, what)

    def _index(self, operand: n.Node, key: n.Node) -> Evaluate:
        if isinstance(key, n.Constant) and type(key.value) is str:
            if isinstance(operand, n.Name):
                return self._select(n.Select(operand, key.value, key.pos), operand, key.value)
            what = spell(operand) or "the value"
            return fields.keyed(self.source, self.build(operand), key.value, what)
        return fields.indexed(self.source, self.build(operand), self.build(key))

    def _unary(self, node: n.Unary) -> Evaluate:
        operand = self.build(node.operand)
        if node.sign == "!":
            key = self._field_of_data(node.operand)
            if key is not None:
                return logic.opposite_of_field(self.source, operand, key)
            return logic.opposite(self.source, operand)
        return _one(self.source, arithmetic.negative, operand)

    def _binary(self, node: n.Binary) -> Evaluate:
        source, sign = self.source, node.sign
        left = self.build(node.left)
        if isinstance(node.right, n.Constant):
            special = self._with_constant(node, left, node.right.value)
            if special is not None:
                return special
        right = self.build(node.right)
        if sign == "in":
            return self._within(node, left, right)
        if sign in ("==", "!="):
            return compare.same(sign, left, right)
        if sign in arithmetic.ORDERINGS:
            return compare.ordered(source, sign, left, right)
        return sums.sums(source, sign, left, right)

    def _with_constant(self, node: n.Binary, left: Evaluate, value: Any) -> Evaluate | None:
        """The closure of a sign with a constant on its right, if there is a special one."""
        source, sign, key = self.source, node.sign, self._field_of_data(node.left)
        if sign in ("==", "!="):
            return self._same_constant(sign, left, key, value)
        if sign in arithmetic.ORDERINGS and type(value) in _ATOMS:
            if key is not None:
                return compare.field_ordered_constant(source, sign, left, key, value)
            return compare.ordered_constant(source, sign, left, value)
        if sign in ("+", "-") and type(value) is int:
            number = value if sign == "+" else -value
            if key is not None:
                return sums.field_plus_whole(source, left, key, number, sign)
            return sums.plus_whole(source, left, number, sign)
        return None

    @staticmethod
    def _same_constant(sign: str, left: Evaluate, key: str | None, value: Any) -> Evaluate | None:
        if value is None:
            return compare.same_null(sign, left)
        if type(value) not in _ATOMS:
            return None
        if key is not None:
            return compare.field_same_constant(sign, left, key, value)
        return compare.same_constant(sign, left, value)

    def _within(self, node: n.Binary, left: Evaluate, right: Evaluate) -> Evaluate:
        match node.left, node.right:
            case n.Constant(str() as name), n.Name("state") if "state" not in self.slots:
                return (member.active_state_in_scope if self.scoped else member.active_state)(name)
            case _:
                return member.within(self.source, left, right)

    def _metered(self, node: n.Binary) -> Evaluate:
        """The closure of a sign where work is counted: long operands are paid for."""
        if isinstance(node.right, n.Constant) and (
            node.sign != "+" or type(node.right.value) is int
        ):
            return self._binary(node)
        if node.sign == "in" and isinstance(node.right, n.Name) and node.right.name == "state":
            return self._binary(node)
        left, right = self.build(node.left), self.build(node.right)
        if node.sign in ("==", "!="):
            return compare.same_metered(self.source, node.sign, left, right)
        if node.sign == "in":
            return member.within_metered(self.source, left, right)
        if node.sign in arithmetic.ORDERINGS:
            return work.metered(self.source, _ordering(node.sign), (left, right))
        return work.metered(self.source, sums.SLOW[node.sign], (left, right))

    def _call(self, node: n.Call) -> Evaluate:
        args = tuple(self.build(arg) for arg in node.args)
        name = node.function
        if len(args) == 1:
            if self.metered and name not in ("size", "dyn", "type", "bool"):
                return work.metered(self.source, functions.ONE[name], args)
            return _one(self.source, functions.ONE[name], args[0])
        if self.metered and name == "matches":
            fixed = isinstance(node.args[1], n.Constant)
            return matches_metered(self.source, args[0], args[1], fixed)
        if self.metered:
            return work.metered(self.source, functions.TWO[name], args)
        return _two(self.source, functions.TWO[name], *args)

    def _map(self, entries: tuple[tuple[n.Node, n.Node], ...]) -> Evaluate:
        built = tuple((self.build(key), self.build(value)) for key, value in entries)
        return fields.new_map(self.source, built)

    def _macro(self, node: n.Macro) -> Evaluate:
        target = self.build(node.target)
        before, slot = self.slots, work.FIRST_SLOT + self.depth
        self.slots = {**before, node.variable: slot}
        self.depth += 1
        source, metered = self.source, self.metered
        self.source, self.metered = replace(source, brief=True), True
        keep = self.build(node.keep) if node.keep is not None else None
        body = self.build(node.body)
        self.depth -= 1
        self.slots, self.source, self.metered = before, source, metered
        cost = sum(1 for part in (node.keep, node.body) if part for _ in n.walk(part))
        if node.kind == "map":
            return macros.mapped(self.source, target, slot, keep, body, cost)
        return macros.TESTS[node.kind](self.source, node.kind, target, slot, body, cost)


def _list(items: tuple[Evaluate, ...]) -> Evaluate:
    def make(data: Any, event: Any, active: Any) -> list[Any]:
        return [item(data, event, active) for item in items]

    return make


def _one(source: Source, function: Any, operand: Evaluate) -> Evaluate:
    def call(data: Any, event: Any, active: Any) -> Any:
        return function(source, operand(data, event, active))

    return call


def _two(source: Source, function: Any, first: Evaluate, second: Evaluate) -> Evaluate:
    def call(data: Any, event: Any, active: Any) -> Any:
        return function(source, first(data, event, active), second(data, event, active))

    return call


def _ordering(sign: str) -> Any:
    def compare(source: Source, left: Any, right: Any) -> bool:
        return arithmetic.order(source, sign, left, right)

    return compare
