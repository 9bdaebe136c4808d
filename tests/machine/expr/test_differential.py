"""The language agrees with Google's CEL on random expressions and random data."""

from __future__ import annotations

import math
from typing import Any

import pytest
from cel_expr_python import cel
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from traaviis_lab.errors import DefinitionError, ExpressionError
from traaviis_lab.machine.expr import compile as compile_room
from traaviis_lab.machine.expr import compile_expression
from traaviis_lab.machine.expr.check import check
from traaviis_lab.machine.expr.compile import build
from traaviis_lab.machine.expr.formula import NAMES
from traaviis_lab.machine.expr.parser import parse
from traaviis_lab.machine.expr.source import Source
from traaviis_lab.machine.expr.values import BoolKey, CelType, Uint
from traaviis_lab.machine.values import Event

ENV = cel.NewEnv(
    variables={
        "data": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
        "event": cel.Type.Map(cel.Type.STRING, cel.Type.DYN),
        "result": cel.Type.DYN,
        "state": cel.Type.List(cel.Type.STRING),
    }
)
ERROR, REFUSED = "an error", "refused"
QUICK = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=False
)


def theirs(text: str, data: dict[str, Any], payload: dict[str, Any], active: frozenset[str]) -> Any:
    """What Google's CEL makes of it at run time, without its checker."""
    try:
        expression = ENV.compile(text, disable_check=True)
    except RuntimeError:
        return REFUSED
    bindings = {
        "data": data,
        "event": payload,
        "result": payload.get("result"),
        "state": sorted(active),
    }
    try:
        value = expression.eval(data=bindings)
    except RuntimeError:
        return ERROR
    kind = value.type()
    if kind == cel.Type.ERROR:
        return ERROR
    plain = value.plain_value()
    return Uint(plain) if kind == cel.Type.UINT else plain


def they_refuse(text: str) -> bool:
    """Whether Google's checker refuses it."""
    try:
        ENV.compile(text)
    except RuntimeError:
        return True
    return False


def ours(text: str, data: dict[str, Any], payload: dict[str, Any], active: frozenset[str]) -> Any:
    """What we make of it, before it is seen to that it is JSON."""
    source = Source(text)
    try:
        node = parse(source)
        check(source, node, NAMES)
    except DefinitionError:
        return REFUSED
    value = computed(build(source, node), data, payload, active)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compile_room, "_LIGHT", -1)
        counted = computed(build(source, node), data, payload, active)
    assert value is counted or alike(value, counted), f"{text}: {value!r}, counted {counted!r}"
    outcome = computed(compile_expression(text).compute, data, payload, active)
    assert outcome is ERROR or alike(value, outcome), f"{text}: {value!r}, as JSON {outcome!r}"
    return value


def computed(
    compute: Any, data: dict[str, Any], payload: dict[str, Any], active: frozenset[str]
) -> Any:
    try:
        return compute(data, Event("e", payload), active)
    except ExpressionError:
        return ERROR


def alike(a: Any, b: Any) -> bool:
    """The same value of the same type; Google's plain values do not tell uint from int."""
    if isinstance(a, CelType) and isinstance(b, CelType):
        return a == b
    if isinstance(a, CelType):
        names = {"NULL": "null_type", "LIST<DYN>": "list", "MAP<DYN, DYN>": "map"}
        return isinstance(b, cel.Type) and names.get(b.name(), b.name().lower()) == a.name
    if isinstance(a, BoolKey):
        a = a.value
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if isinstance(a, list | tuple) and isinstance(b, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        mine, real = plain_keys(a), plain_keys(b)
        return mine.keys() == real.keys() and all(alike(v, real[k]) for k, v in mine.items())
    if isinstance(a, bytes):
        return bytes(b) == a
    kinds = (bool, int, float, str, type(None))
    return a == b and [isinstance(a, k) for k in kinds] == [isinstance(b, k) for k in kinds]


def plain_keys(value: dict[Any, Any]) -> dict[Any, Any]:
    return {k.value if isinstance(k, BoolKey) else k: v for k, v in value.items()}


def compare(
    text: str, data: dict[str, Any], payload: dict[str, Any], active: frozenset[str]
) -> None:
    mine, real = ours(text, data, payload, active), theirs(text, data, payload, active)
    event(
        "refused"
        if mine is REFUSED
        else "error"
        if mine is ERROR
        else f"value {type(mine).__name__}"
    )
    if mine is REFUSED:
        # Where CEL's checker is silent, the fault shows when it is run, unless nothing runs it.
        skipped = any(mark in text for mark in ("||", "&&", "?", "(x,", "(y,", "(data,"))
        fails = real is REFUSED or real is ERROR or skipped or they_refuse(text)
        assert fails, f"only we refuse {text}; CEL: {real!r}"
    elif mine is ERROR or real is ERROR or real is REFUSED:
        assert mine is real, f"{text} on {data}, {payload}: ours {mine!r}, CEL {real!r}"
    else:
        assert alike(mine, real), f"{text} on {data}, {payload}: ours {mine!r}, CEL {real!r}"


# --- random data -------------------------------------------------------------------------------

small = st.integers(-5, 5)
ints = st.one_of(small, st.sampled_from([100, 2**31, 2**63 - 1, -(2**63), 10**15]))
doubles = st.sampled_from(
    [0.0, -0.0, 0.5, 1.0, -1.0, 2.0, 2.5, 3.0, 1e-7, 1e6, 123456.75, 1e300, -1e300]
)
words = st.sampled_from(
    ["", "a", "b", "ab", "abc", "é", "😀", "1", "-2", "2.5", "true", "open", "x y"]
)
scalars = st.one_of(small, doubles, words, st.booleans(), st.none())
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abcx"), inner, max_size=3)
    ),
    max_leaves=6,
)
datas = st.fixed_dictionaries(
    {
        "i": small, "j": ints, "f": doubles, "s": words, "t": words, "b": st.booleans(), "n": st.none(),
        "xs": st.lists(small, max_size=4),
        "ss": st.lists(words, max_size=3),
        "ms": st.lists(st.fixed_dictionaries({"a": small}, optional={"b": st.booleans()}), max_size=3),
        "m": st.dictionaries(st.sampled_from("abc"), scalars, max_size=3),
        "any": anything,
        "other": anything,
    },
)  # fmt: skip
payloads = st.fixed_dictionaries(
    {"i": small, "s": words}, optional={"b": st.booleans(), "result": anything}
)
actives = st.frozensets(st.sampled_from(["open", "closed", "zone"]), max_size=3)

# --- random expressions --------------------------------------------------------------------------


def literal_text(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


LEAVES = {
    "int": ["0", "1", "2", "-3", "7", "9223372036854775807", "-9223372036854775808", "0x10", "data.i", "data.j", "event.i", "size(data.xs)"],
    "uint": ["0u", "1u", "2u", "18446744073709551615u", "uint(data.i)"],
    "double": ["0.0", "-0.0", "1.0", "2.5", "-1.5e3", "1e300", "data.f"],
    "string": ['""', '"a"', "'ab'", '"é"', 'r"\\d"', "data.s", "data.t", "event.s", "string(data.i)"],
    "bool": ["true", "false", "data.b", "event.b", "has(data.m.a)", "has(event.b)", '"open" in state'],
    "null": ["null", "data.n"],
    "list": ["[]", "[1, 2]", '["a", "b"]', "data.xs", "data.ss", "data.ms", "state", "[1, 1.0, 'a', null, true]"],
    "map": ["{}", '{"a": 1}', '{"a": 1.0, "b": [true]}', "{1: 'x', 2: 'y'}", "{true: 1}", "data.m", "event", "data"],
    "any": ["data.any", "data.other", "result", "data.zz", "event.zz", "data.any.a", "data.m.a", "data.m['b']", "data['i']"],
    "type": ["type(data.any)", "int", "string", "type(1)", "type(data.n)", "null_type", "bool"],
    "bytes": ['b"a"', 'b"\\xff"', "bytes(data.s)"],
}  # fmt: skip
KINDS = sorted(LEAVES)


def signed(sign: str, text: str) -> str:
    """The sign before the text; `!!x` is kept apart, for CEL's parser drops such pairs unseen."""
    return f"{sign}({text})" if text.startswith(sign) else f"{sign}{text}"


class Maker:
    """Draws an expression of about the wanted type; now and then of another."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.variables: list[str] = []

    def pick(self, options: list[Any]) -> Any:
        return options[self.draw(st.integers(0, len(options) - 1))]

    def make(self, kind: str, depth: int) -> str:
        if self.draw(st.integers(0, 19)) == 0:
            kind = self.pick(KINDS)
        if depth <= 0 or self.draw(st.integers(0, 4)) == 0:
            return self.leaf(kind)
        return getattr(self, f"make_{kind}", self.make_any)(depth - 1)

    def leaf(self, kind: str) -> str:
        if self.variables and self.draw(st.booleans()):
            name = self.pick(self.variables)
            return self.pick([name, name, f"{name}.a", f"has({name}.b)"])
        return self.pick(LEAVES[kind])

    def number(self, depth: int, kind: str) -> str:
        sign = self.pick(["+", "-", "*", "/", "%"])
        return self.pick([
            lambda: f"({self.make(kind, depth)} {sign} {self.make(kind, depth)})",
            lambda: signed("-", self.leaf(kind)),
            lambda: f"-({self.make(kind, depth)})",
            lambda: f"{kind}({self.make(self.pick(['int', 'uint', 'double', 'string']), depth)})",
            lambda: self.choice(kind, depth),
        ])()  # fmt: skip

    def choice(self, kind: str, depth: int) -> str:
        return f"({self.make('bool', depth)} ? {self.make(kind, depth)} : {self.make(kind, depth)})"

    def make_int(self, depth: int) -> str:
        if self.draw(st.integers(0, 4)) == 0:
            return f"size({self.make(self.pick(['string', 'list', 'map', 'bytes']), depth)})"
        return self.number(depth, "int")

    def make_uint(self, depth: int) -> str:
        return self.number(depth, "uint")

    def make_double(self, depth: int) -> str:
        return self.number(depth, "double")

    def make_string(self, depth: int) -> str:
        return self.pick([
            lambda: f"({self.make('string', depth)} + {self.make('string', depth)})",
            lambda: f"string({self.make(self.pick(['int', 'double', 'uint', 'bool', 'bytes', 'any']), depth)})",
            lambda: self.choice("string", depth),
            lambda: f"{self.make('list', depth)}[{self.make('int', depth)}]",
        ])()  # fmt: skip

    def make_bytes(self, depth: int) -> str:
        return f"({self.make('bytes', depth)} + {self.make('bytes', depth)})"

    def make_type(self, depth: int) -> str:
        return f"type({self.make(self.pick(KINDS), depth)})"

    def make_bool(self, depth: int) -> str:
        kind = self.pick(KINDS)
        near = (
            self.pick(["int", "double", "uint", "any"])
            if kind in ("int", "double", "uint")
            else kind
        )
        return self.pick([
            lambda: f"({self.make(kind, depth)} {self.pick(['==', '!='])} {self.make(near, depth)})",
            lambda: f"({self.make(kind, depth)} {self.pick(['<', '<=', '>', '>='])} {self.make(near, depth)})",
            lambda: f"({self.make('bool', depth)} && {self.make('bool', depth)})",
            lambda: f"({self.make('bool', depth)} || {self.make('bool', depth)})",
            lambda: f"({self.make('bool', depth)} || {self.make('bool', depth)} || {self.make('bool', depth)})",
            lambda: signed("!", self.make("bool", depth)),
            lambda: f"({self.make(kind, depth)} in {self.make(self.pick(['list', 'map']), depth)})",
            lambda: f"{self.make('string', depth)}.{self.pick(['startsWith', 'endsWith', 'contains'])}({self.make('string', depth)})",
            lambda: self.macro(self.pick(["all", "exists", "exists_one"]), self.pick(["list", "list", "map", "any"]), depth),
            lambda: f"bool({self.make(self.pick(['string', 'bool']), depth)})",
            lambda: f"has({self.make('map', depth)}.{self.pick(['a', 'b'])})",
            lambda: self.choice("bool", depth),
        ])()  # fmt: skip

    def macro(self, name: str, over: str, depth: int) -> str:
        target = self.make(over, depth)
        if name in ("map", "filter"):
            target = f"({target} + [])"  # never a map: the order of its keys is CEL's own
        variable = self.pick(["x", "y", "data"])
        self.variables.append(variable)
        body = self.make(self.pick(KINDS) if name == "map" else "bool", depth)
        keep = f"{self.make('bool', depth)}, " if name == "map" and self.draw(st.booleans()) else ""
        self.variables.pop()
        return f"{target}.{name}({variable}, {keep}{body})"

    def make_list(self, depth: int) -> str:
        return self.pick([
            lambda: f"[{self.make(self.pick(KINDS), depth)}, {self.make(self.pick(KINDS), depth)}]",
            lambda: f"({self.make('list', depth)} + {self.make('list', depth)})",
            lambda: self.macro("filter", "list", depth),
            lambda: self.macro("map", "list", depth),
        ])()  # fmt: skip

    def make_map(self, depth: int) -> str:
        key = self.pick(["string", "string", "int", "bool"])
        first, other = self.make(self.pick(KINDS), depth), self.make("any", depth)
        return f"{{{self.make(key, depth)}: {first}, 'k': {other}}}"

    def make_any(self, depth: int) -> str:
        return self.pick([
            lambda: f"{self.make('map', depth)}.{self.pick(['a', 'b', 'k'])}",
            lambda: f"{self.make('map', depth)}[{self.make(self.pick(['string', 'int', 'any', 'double']), depth)}]",
            lambda: f"{self.make('list', depth)}[{self.make(self.pick(['int', 'uint', 'double']), depth)}]",
            lambda: f"dyn({self.make(self.pick(KINDS), depth)})",
            lambda: self.choice("any", depth),
        ])()  # fmt: skip


@st.composite
def expressions(draw: Any, kind: str | None = None) -> str:
    maker = Maker(draw)
    return maker.make(kind or maker.pick(KINDS), draw(st.integers(0, 4)))


@QUICK
@given(expressions(), datas, payloads, actives)
def test_same_value_or_both_an_error(text, data, payload, active):
    compare(text, data, payload, active)


@QUICK
@given(expressions("bool"), datas, payloads, actives)
def test_same_guard(text, data, payload, active):
    compare(text, data, payload, active)
