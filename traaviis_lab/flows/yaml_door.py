"""The door to ruamel.yaml: text becomes plain values that remember their lines.

Only YAML's core (version 1.2) is read: `on` and `yes` are texts, there are no dates, no merge
keys and no tags beyond the core, so nothing in a document can make Python objects.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, NamedTuple

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.plain import MAX_DEPTH, MAX_VALUES
from traaviis_lab.machine.problems import Path, Problem, show

_CORE = "tag:yaml.org,2002:"
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]{1,400}|0o[0-7]{1,400}|0x[0-9a-fA-F]{1,400}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_ODD = {".inf": "inf", "-.inf": "-inf", "+.inf": "inf", ".nan": "nan"}
_PLAIN = {"int", "float", "bool", "null", "timestamp", "value", "merge"}


class NodePlace(NamedTuple):
    """Where a mapping or list stands in a text: characters, and the column it begins in.

    `is_flow`: it is written in braces. `is_shared`: an alias uses it, or what it is in, again.
    """

    begin: int
    end: int
    column: int
    is_flow: bool
    is_shared: bool


class YamlText:
    """A YAML document: its plain `value`, the line of any place in it, and double keys."""

    def __init__(self, text: str) -> None:
        """Read `text`; raises DefinitionError with the line where it is no YAML."""
        self._root = _compose(text)
        self._seen = 0
        self._made: dict[int, Any] = {}
        self._counted: Counter[int] = Counter()
        self._keys: dict[int, dict[Any, tuple[Any, Any]]] = {}
        self.doubles: list[Problem] = []
        self.value = self._value(self._root, (), 0) if self._root is not None else None

    def line_of(self, path: Path) -> int:
        """The line (from 1) where the value at `path` begins, or the nearest one around it."""
        node, line = self._root, 1
        for part in path:
            found = self._child(node, part)
            if found is None:
                return line
            mark, node = found
            line = int(mark.start_mark.line) + 1
        return line

    def place_of(self, path: Path) -> NodePlace | None:
        """Where the mapping or list at `path` stands; None where there is none."""
        node, shared = self._root, False
        uses = self._uses()
        for part in path:
            found = self._child(node, part)
            if found is None:
                return None
            node = found[1]
            shared = shared or uses[id(node)] > 1
        if node is None or node.id == "scalar":
            return None
        begin = node.start_mark
        return NodePlace(begin.index, _end_of(node), begin.column, bool(node.flow_style), shared)

    def _uses(self) -> Counter[int]:
        """How often each node stands somewhere: more than once where an alias names it."""
        if not self._counted and self._root is not None:
            todo, seen = [self._root], self._counted
            while todo:
                node = todo.pop()
                seen[id(node)] += 1
                if node.id != "scalar" and seen[id(node)] == 1:
                    pairs = node.id == "mapping"
                    todo += [value for _, value in node.value] if pairs else node.value
        return self._counted

    def _child(self, node: Any, part: str | int) -> tuple[Any, Any] | None:
        """The node to take the line from, and the node to go on with."""
        if node is None or node.id == "scalar":
            return None
        if node.id == "sequence":
            good = isinstance(part, int) and part < len(node.value)
            return (node.value[part], node.value[part]) if good else None
        if id(node) not in self._keys:
            self._keys[id(node)] = {key.value: (key, value) for key, value in node.value}
        return self._keys[id(node)].get(part)

    def _value(self, node: Any, path: Path, depth: int) -> Any:
        self._seen += 1
        if self._seen > MAX_VALUES or depth > MAX_DEPTH + 1:
            raise _refused(node, "The document is too large or nested too deep.")
        if node.id == "scalar":
            return _scalar(node)
        # An alias is the same node again: made once, so that aliases cannot multiply the work.
        if id(node) in self._made:
            if self._made[id(node)] is None:
                raise _refused(node, "An alias stands inside what it is an alias of.")
            return self._made[id(node)]
        _check_tag(node, "seq" if node.id == "sequence" else "map")
        self._made[id(node)] = None
        made: Any
        if node.id == "sequence":
            made = [self._value(n, (*path, i), depth + 1) for i, n in enumerate(node.value)]
        else:
            made = self._mapping(node, path, depth)
        self._made[id(node)] = made
        return made

    def _mapping(self, node: Any, path: Path, depth: int) -> dict[Any, Any]:
        made: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            if key_node.id != "scalar":
                raise _refused(key_node, "A list or mapping cannot be a key.")
            key = _scalar(key_node)
            if key in made:
                line = int(key_node.start_mark.line) + 1
                message = f"the key {show(key)} stands here twice."
                self.doubles.append(Problem((*path, str(key)), message, "Keep one of them.", line))
            made[key] = self._value(value_node, (*path, str(key)), depth + 1)
        return made


def _compose(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        line = f"Line {mark.line + 1}: t" if mark is not None else "T"
        raise DefinitionError(
            f"{line}his is no YAML: {what}.",
            hint="Mind the indentation, and put texts with `: `, `#`, `{` or `!` in quotes.",
        ) from None
    except RecursionError:
        raise DefinitionError(
            f"The document is nested more than {MAX_DEPTH} deep.",
            hint="No chart needs that; is this the right document?",
        ) from None


def _end_of(node: Any) -> int:
    """Where the text of a node ends. The marks of blocks also hold what follows them."""
    while node.id != "scalar" and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if node.id == "mapping" else last
    return int(node.end_mark.index)


def _scalar(node: Any) -> Any:
    kind = str(node.tag).removeprefix(_CORE)
    if kind == "str":
        return node.value
    if kind not in _PLAIN:
        _check_tag(node, "str")
    return _plain(node)


def _plain(node: Any) -> Any:
    """A scalar without quotes as YAML 1.2's core reads it."""
    text: str = node.value
    if _INT.fullmatch(text):
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text, base)
    if _FLOAT.fullmatch(text) or text.lower() in _ODD:
        return float(_ODD.get(text.lower(), text))
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    return None if _NULL.fullmatch(text) else text


def _check_tag(node: Any, usual: str) -> None:
    tag = str(node.tag)
    if tag.removeprefix(_CORE) != usual:
        raise _refused(node, f"The tag {show(tag)} is not read here.", "Leave the tag out.")


def _refused(node: Any, what: str, cure: str = "No chart needs that.") -> DefinitionError:
    return DefinitionError(f"Line {int(node.start_mark.line) + 1}: {what}", hint=cure)
