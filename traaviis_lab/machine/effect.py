"""An effect is a wish as data, and every kind of effect has one word in this vocabulary.

Machines ask for effects; only the runtime performs them. Because an effect is data it can be
printed, refused, journalled, replayed and drawn before anything happens. The words themselves
are on the floor above (`traaviis_lab.effects`) and in plugins; a class that derives from
`Effect` enters the vocabulary when it is defined.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, Field, fields
from typing import Any, ClassVar, Literal

from .names import write_duration

VOCABULARY: dict[str, type[Effect]] = {}

Shape = Literal[
    "text", "name", "event", "choice", "duration", "expression", "object", "value", "number", "flag"
]


class Effect:
    """Base of all effects: frozen dataclasses whose fields are JSON values.

    `kind` is the class name in snake case (`PutData` is "put_data"). `outward` says whether
    performing it touches anything outside the run: what is outward is on disk before it is done.
    """

    __slots__ = ()
    kind: ClassVar[str]
    outward: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give the new effect its word, so that documents can name it."""
        super().__init_subclass__(**kwargs)
        cls.kind = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
        VOCABULARY[cls.kind] = cls

    def to_spec(self) -> dict[str, Any]:
        """The effect as it stands in a document: its kind and the fields that are not default."""
        spec: dict[str, Any] = {"kind": self.kind}
        for field in fields(self):  # type: ignore[arg-type]
            value, usual = getattr(self, field.name), default_of(field)
            if usual is MISSING or type(value) is not type(usual) or value != usual:
                spec[word_of(field)] = (
                    write_duration(value)
                    if shape_of(field) == "duration" and isinstance(value, int | float)
                    else value
                )
        return spec


def word(
    shape: Shape, meaning: str, *, spec: str = "", choices: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Metadata for a field of an effect: what may stand in it, and what that means to people.

    `spec` is its key in documents where that differs from the Python name. Use it as
    `message: str = field(metadata=word("text", "What to say."))`; a field without it takes any
    JSON value. Texts of every shape but "expression" may hold `{{ ... }}` templates.
    """
    made: dict[str, Any] = {"shape": shape, "meaning": meaning}
    if spec:
        made["spec"] = spec
    if choices:
        made["choices"] = choices
    return made


def word_of(field: Field[Any]) -> str:
    """The key of this field in documents."""
    return str(field.metadata.get("spec", field.name))


def shape_of(field: Field[Any]) -> Shape:
    """What may stand in this field."""
    shape: Shape = field.metadata.get("shape", "value")
    return shape


def default_of(field: Field[Any]) -> Any:
    """The value this field has when nothing is said, or `dataclasses.MISSING`."""
    return field.default_factory() if field.default_factory is not MISSING else field.default
