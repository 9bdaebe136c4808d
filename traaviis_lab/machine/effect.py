"""An effect is a wish as data, and every kind of effect has one word in this vocabulary.

Machines ask for effects; only the runtime performs them. Because an effect is data it can be
printed, refused, journalled, replayed and drawn before anything happens. The words themselves
are on the floor above (`traaviis_lab.effects`) and in plugins; a class that derives from
`Effect` enters the vocabulary when it is defined.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, Field, fields
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self

from traaviis_lab.errors import DefinitionError

from .names import write_duration

VOCABULARY: dict[str, type[Effect]] = {}
GRAMMAR = "traaviis_lab.effects.composed"
"""The only module that may say how effects are put together."""

MOST_NESTED = 32
"""How deep effects may be put into one another."""

Shape = Literal[
    "text", "name", "event", "choice", "duration", "expression", "object", "value", "number",
    "flag", "names", "effect", "effects", "steps",
]  # fmt: skip
"""`effect` holds one, `effects` a list of them, `steps` such a list where an item may also be a
mapping of `effect` and `undo`; `names` is a list of texts and numbers."""

Repeat = Literal["at_least_once", "at_most_once", "human"]
"""What becomes of an effect that was under way when its process died: it is performed again, it
has failed, or a person is asked."""
REPEATS: tuple[Repeat, ...] = ("at_least_once", "at_most_once", "human")


class Effect:
    """Base of all effects: frozen dataclasses whose fields are JSON values.

    `kind` is the class name in snake case (`PutData` is "put_data"). `outward` says whether
    performing it touches anything outside the run: what is outward is on disk before it is done.
    `composed` ones are put together from others, by a grammar that is closed; `internal` ones
    are asked for by composed ones and by nobody else.

    `a >> b` is the sequence of two effects, `a & b` performs both at once, `a | b` races them.
    """

    __slots__ = ()
    kind: ClassVar[str]
    outward: ClassVar[bool] = True
    composed: ClassVar[bool] = False
    internal: ClassVar[bool] = False
    repeat_by_default: ClassVar[Repeat] = "at_least_once"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give the new effect its word, so that documents can name it.

        Raises `DefinitionError` for what would be composed, or take a composed effect's word.
        """
        super().__init_subclass__(**kwargs)
        cls.kind = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        known = VOCABULARY.get(cls.kind, cls)
        closed = any(one.composed or one.internal for one in (cls, known))
        if closed and cls.__module__ != GRAMMAR:
            raise DefinitionError(
                f"{cls.__name__} cannot be an effect of its own: how effects are put together is "
                "closed.",
                hint="Give your effect another name, and leave out `composed` and `internal`.",
            )
        if not cls.__dict__.get("abstract"):
            VOCABULARY[cls.kind] = cls

    def __rshift__(self, other: Effect) -> Effect:
        return _joined("sequence", self, other)

    def __and__(self, other: Effect) -> Effect:
        return _joined("parallel", self, other)

    def __or__(self, other: Effect) -> Effect:
        return _joined("race", self, other)

    def usual_repeat(self) -> Repeat:
        """What becomes of it after a crash where it does not say so itself."""
        return self.repeat_by_default

    def sealed(self) -> Self:
        """The effect to fill templates of: what data may not bring in is noted down before."""
        return self

    def spelled_out(self) -> Effect:
        """What a document that asks for it asks for: itself, or what it is short for."""
        return self

    def to_spec(self) -> dict[str, Any]:
        """The effect as it stands in a document: its kind and the fields that are not default."""
        spec: dict[str, Any] = {"kind": self.kind}
        for name, key, shape, usual in _columns(type(self)):  # type: ignore[arg-type]
            value = getattr(self, name)
            if usual is MISSING or type(value) is not type(usual) or value != usual:
                spec[key] = value if type(value) is str else _written(shape, value)
        return spec


@lru_cache(maxsize=1024)
def _columns(kind: type[Effect]) -> tuple[tuple[str, str, Shape, Any], ...]:
    """The fields of a kind: name, key in documents, shape, default. Effects are written often."""
    return tuple(
        (field.name, word_of(field), shape_of(field), default_of(field))
        for field in fields(kind)  # type: ignore[arg-type]
    )


def _written(shape: Shape, value: Any) -> Any:
    """A field's value as it stands in a document."""
    if isinstance(value, Effect):
        return value.to_spec()
    if shape in ("effects", "steps"):
        return [one.to_spec() for one in value]
    if shape == "names":
        return list(value)
    if shape == "duration" and isinstance(value, int | float):
        return write_duration(value)
    return value


def _joined(kind: str, left: Any, right: Any) -> Effect:
    """Two effects as one. A plain one of the same kind takes the other in: `a >> b >> c`."""
    if not isinstance(right, Effect):
        return NotImplemented  # type: ignore[no-any-return]
    joins: Any = VOCABULARY[kind]
    first = left.effects if _is_plain(left, joins) else (left,)
    last: Any = (right,)
    if _is_plain(right, joins):
        last = right.effects  # type: ignore[attr-defined]
    made: Effect = joins((*first, *last))
    return made


def _is_plain(effect: Any, kind: type[Effect]) -> bool:
    """Whether an effect is of this kind and says nothing but what it is made of."""
    return type(effect) is kind and all(
        getattr(effect, field.name) == default_of(field)
        for field in fields(effect)  # type: ignore[arg-type]
        if field.name != "effects"
    )


def word(
    shape: Shape,
    meaning: str,
    *,
    spec: str = "",
    choices: tuple[str, ...] = (),
    hidden: bool = False,
    names: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Metadata for a field of an effect: what may stand in it, and what that means to people.

    `spec` is its key in documents where that differs from the Python name. A `hidden` field is
    written by the engine and refused in documents. `names` are what expressions and templates in
    the effects of this field may read beside `data`, `event`, `result` and `state`. Use it as
    `message: str = field(metadata=word("text", "What to say."))`; a field without it takes any
    JSON value. Texts of every shape but "expression" may hold `{{ ... }}` templates.
    """
    made: dict[str, Any] = {"shape": shape, "meaning": meaning}
    if spec:
        made["spec"] = spec
    if choices:
        made["choices"] = choices
    if hidden:
        made["hidden"] = True
    if names:
        made["names"] = names
    return made


def repeat_of(effect: Effect) -> Repeat:
    """What becomes of this effect if its process dies while it is under way."""
    own = getattr(effect, "repeat", "")
    return own if own in REPEATS else effect.usual_repeat()


def word_of(field: Field[Any]) -> str:
    """The key of this field in documents."""
    return str(field.metadata.get("spec", field.name))


def shape_of(field: Field[Any]) -> Shape:
    """What may stand in this field."""
    shape: Shape = field.metadata.get("shape", "value")
    return shape


def names_in(field: Field[Any]) -> tuple[str, ...]:
    """The further names that the effects of this field may read."""
    found: tuple[str, ...] = field.metadata.get("names", ())
    return found


def is_hidden(field: Field[Any]) -> bool:
    """Whether only the engine writes this field."""
    return bool(field.metadata.get("hidden"))


def default_of(field: Field[Any]) -> Any:
    """The value this field has when nothing is said, or `dataclasses.MISSING`."""
    return field.default_factory() if field.default_factory is not MISSING else field.default
