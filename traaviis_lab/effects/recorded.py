"""Read effects back from where the engine wrote them: what stands there is taken as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.effect import VOCABULARY, Effect, shape_of, word_of


def recorded_effect(spec: Mapping[str, Any]) -> Effect:
    """An effect from its journalled form.

    A leaf's templates were filled in when it was asked for: a text that looks like a template is
    a person's text. Raises `DefinitionError` for a kind that nobody here knows (a plugin that is
    not installed).
    """
    kind = VOCABULARY.get(spec["kind"])
    if kind is None:
        raise DefinitionError(
            f"The journal holds an effect of kind {spec['kind']!r}, which nobody here knows.",
            hint=f"Import what defines it. Known: {', '.join(sorted(VOCABULARY))}.",
        )
    known = {word_of(field): field for field in fields(kind)}  # type: ignore[arg-type]
    said = ((known[word], value) for word, value in spec.items() if word != "kind")
    return kind(**{field.name: _value(shape_of(field), value) for field, value in said})


def _value(shape: str, value: Any) -> Any:
    if shape == "effect" and value is not None:
        return recorded_effect(value)
    if shape in ("effects", "steps"):
        return tuple(recorded_effect(one) for one in value)
    return tuple(value) if shape == "names" else value
