"""Read the text of an expression into a tree, by precedence climbing; the grammar is CEL's."""

from __future__ import annotations

from typing import Any, Final, cast

from .lexer import Lexer, Token
from .limits import MAX_DEPTH, MAX_INT, MAX_LITERAL, MAX_SOURCE
from .nodes import (
    Binary,
    Call,
    Constant,
    Has,
    Index,
    ListOf,
    Logic,
    Macro,
    MacroKind,
    MapOf,
    Name,
    Node,
    Select,
    Ternary,
    Unary,
    children,
)
from .source import Source

_POWER: Final = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_CONSTANTS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None}
RESERVED: Final = frozenset(
    {
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let",
        "loop", "package", "namespace", "return", "var", "void", "while",
    }
)  # fmt: skip
_MACROS: Final = {"all": (2,), "exists": (2,), "exists_one": (2,), "filter": (2,), "map": (2, 3)}
_ADVICE: Final = {
    "and": "Write && for 'and'.",
    "or": "Write || for 'or'.",
    "not": "Write ! for 'not'.",
    "is": "Write == to compare.",
    "if": "Write test ? yes : no.",
    "=": "Write == to compare.",
}


def parse(source: Source) -> Node:
    """The tree of a whole expression; DefinitionError where it is none."""
    if len(source.text) > MAX_SOURCE:
        problem = f"The expression has {len(source.text):,} characters; {MAX_SOURCE:,} is the most."
        raise source.refuse(problem, MAX_SOURCE, "Compute parts of it in assignments of their own.")
    parser = Parser(source, Lexer(source))
    node = parser.expression()
    if parser.here.kind != "end":
        raise parser.unexpected("The expression should end here")
    return node


class Parser:
    """One pass over the tokens. `here` is the token to look at next."""

    def __init__(self, source: Source, lexer: Lexer) -> None:
        self.source = source
        self.lexer = lexer
        self.nesting = 0
        self.heights: dict[int, int] = {}
        self.before: Token | None = None
        self.here = lexer.next()

    def expression(self) -> Node:
        """A whole expression, ternary included."""
        self._nest()
        node = self._binary(1)
        if self.here.kind == "?":
            pos = self._advance().pos
            yes = self._binary(1)
            self._expect(":", "to part the two answers of '?'")
            node = self._made(Ternary(node, yes, self.expression(), pos))
        self.nesting -= 1
        return node

    def _nest(self) -> None:
        self.nesting += 1
        if self.nesting > MAX_DEPTH:
            raise self._too_deep(self.here.pos)

    def _operand(self, least: int) -> Node:
        """What stands on the right of a sign, as far as the signs in it bind more tightly."""
        self._nest()
        node = self._binary(least)
        self.nesting -= 1
        return node

    def _binary(self, least: int) -> Node:
        left = self._unary()
        while (power := _POWER.get(self._sign(), 0)) >= least:
            if self.here.kind in ("&&", "||"):
                left = self._chain(left, power)
            else:
                token = self._advance()
                left = self._made(Binary(token.text, left, self._operand(power + 1), token.pos))
        return left

    def _sign(self) -> str:
        return self.here.text if self.here.kind == "name" else self.here.kind

    def _chain(self, left: Node, power: int) -> Node:
        """Gather `a && b && c` into one node."""
        token = self.here
        terms = [left]
        while self.here.kind == token.kind:
            self._advance()
            terms.append(self._operand(power + 1))
        return self._made(Logic(cast(Any, token.kind), tuple(terms), token.pos))

    def _unary(self) -> Node:
        signs: list[Token] = []
        while self.here.kind in ("!", "-"):
            if signs and self.here.kind != signs[0].kind:
                problem = "'!' and '-' cannot stand side by side."
                raise self.source.refuse(problem, self.here.pos, "Put ( ) around the operand.")
            signs.append(self._advance())
        if len(signs) == 1 and signs[0].kind == "-" and self._is_number():
            node = self._postfix(self._negative(signs.pop().pos))
        else:
            node = self._postfix(self._primary())
        for sign in reversed(signs):
            node = self._made(Unary(cast(Any, sign.kind), node, sign.pos))
        return node

    def _is_number(self) -> bool:
        return self.here.kind == "int" or type(self.here.value) is float

    def _negative(self, pos: int) -> Node:
        token = self._advance()
        value: Any = token.value
        if type(value) in (int, float):
            return self._made(Constant(-value, pos))
        return self._made(Unary("-", self._made(Constant(value, token.pos)), pos))

    def _postfix(self, node: Node) -> Node:
        while self.here.kind in (".", "["):
            opening = self._advance()
            if opening.kind == "[":
                key = self.expression()
                self._expect("]", "to close the index")
                node = self._made(Index(node, key, opening.pos))
            else:
                node = self._member(node)
        return node

    def _member(self, operand: Node) -> Node:
        token = self._advance()
        if token.kind == "quoted":
            return self._made(Select(operand, str(token.value), token.pos))
        if token.kind != "name" or token.text in (*_CONSTANTS, "in"):
            raise self._unexpected_token(token, "A field's name should follow '.'")
        if self.here.kind != "(":
            return self._made(Select(operand, token.text, token.pos))
        args = self._arguments()
        if len(args) in _MACROS.get(token.text, ()):
            return self._macro(token, operand, args)
        return self._made(Call(token.text, (operand, *args), True, token.pos))

    def _macro(self, token: Token, target: Node, args: tuple[Node, ...]) -> Node:
        variable = args[0]
        if not isinstance(variable, Name):
            problem = f"The first argument of {token.text}() is a variable's name."
            raise self.source.refuse(problem, variable.pos, f"Write {token.text}(x, ...).")
        keep = args[1] if len(args) == 3 else None
        kind = cast(MacroKind, token.text)
        return self._made(Macro(kind, target, variable.name, keep, args[-1], token.pos))

    def _primary(self) -> Node:
        token = self._advance()
        if token.kind == "value":
            return self._made(Constant(token.value, token.pos))
        if token.kind == "int":
            if type(token.value) is int and token.value > MAX_INT:
                problem = "This number does not fit in 64 bits."
                raise self.source.refuse(problem, token.pos)
            return self._made(Constant(token.value, token.pos))
        if token.kind == "name":
            return self._named(token)
        if token.kind == "(":
            node = self.expression()
            self._expect(")", "to close '('")
            return node
        if token.kind == "[":
            return self._made(ListOf(self._items("]", "the list"), token.pos))
        if token.kind == "{":
            return self._map(token)
        raise self._unexpected_token(token, "A value should stand here")

    def _named(self, token: Token) -> Node:
        if token.text in _CONSTANTS:
            return self._made(Constant(_CONSTANTS[token.text], token.pos))
        if token.text in RESERVED or token.text == "in":
            raise self._unexpected_token(token, "A value should stand here")
        if self.here.kind != "(":
            return self._made(Name(token.text, token.pos))
        args = self._arguments()
        if token.text == "has" and len(args) == 1:
            field = args[0]
            if not isinstance(field, Select):
                problem = "has() asks for a field."
                raise self.source.refuse(problem, token.pos, "Write has(data.name).")
            return self._made(Has(field.operand, field.field, token.pos))
        return self._made(Call(token.text, args, False, token.pos))

    def _arguments(self) -> tuple[Node, ...]:
        self._advance()
        args: list[Node] = []
        while self.here.kind != ")" or args:
            args.append(self.expression())
            if self.here.kind != ",":
                break
            self._advance()
        self._expect(")", "to close the arguments")
        return tuple(args)

    def _items(self, closing: str, what: str) -> tuple[Node, ...]:
        items: list[Node] = []
        if self.here.kind == ",":
            self._advance()
        while self.here.kind != closing:
            items.append(self.expression())
            self._limit(len(items))
            if self.here.kind != ",":
                break
            self._advance()
        self._expect(closing, f"to close {what}")
        return tuple(items)

    def _map(self, opening: Token) -> Node:
        entries: list[tuple[Node, Node]] = []
        if self.here.kind == ",":
            self._advance()
        while self.here.kind != "}":
            key = self.expression()
            self._expect(":", "between a key and its value")
            entries.append((key, self.expression()))
            self._limit(len(entries))
            if self.here.kind != ",":
                break
            self._advance()
        self._expect("}", "to close the map")
        return self._made(MapOf(tuple(entries), opening.pos))

    def _limit(self, count: int) -> None:
        if count > MAX_LITERAL:
            problem = f"A list or map literal holds at most {MAX_LITERAL:,} items."
            raise self.source.refuse(problem, self.here.pos, "Put the values into data.")

    def _made(self, node: Node) -> Node:
        """Note how tall a new node is; too tall a tree would be too deep to walk."""
        below = [self.heights[id(child)] for child in children(node)]
        height = self.heights[id(node)] = 1 + max(below, default=0)
        if height > MAX_DEPTH:
            raise self._too_deep(node.pos)
        return node

    def _too_deep(self, pos: int) -> Exception:
        problem = f"The expression is nested more than {MAX_DEPTH} levels deep."
        return self.source.refuse(problem, pos, "Compute parts of it in assignments of their own.")

    def _advance(self) -> Token:
        self.before, self.here = self.here, self.lexer.next()
        return self.before

    def _expect(self, kind: str, purpose: str) -> None:
        if self.here.kind != kind:
            raise self.unexpected(f"A {kind!r} is missing {purpose}")
        self._advance()

    def unexpected(self, wanted: str) -> Exception:
        """The error of a token that cannot stand where it stands."""
        return self._unexpected_token(self.here, wanted)

    def _unexpected_token(self, token: Token, wanted: str) -> Exception:
        if token.kind == "end":
            found = "the text ends" if self.source.text.strip() else "the text is empty"
        else:
            found = f"there is {token.text[:40]!r}"
        return self.source.refuse(f"{wanted}, but {found}.", token.pos, _ADVICE.get(token.text, ""))
