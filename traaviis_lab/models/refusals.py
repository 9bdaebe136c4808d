"""What is said where a model is not known, or may not be asked."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from traaviis_lab.errors import ModelFailed, PermissionDenied

_WAYS = {
    "local": "lab.models.local() adds the small model that runs in this process.",
    "openai": "lab.models.openai(key='NAME_OF_A_SECRET') adds it.",
    "litellm": "lab.models.litellm() adds it.",
}


def unnamed() -> ModelFailed:
    """The error where nobody says which model."""
    return ModelFailed(
        "No model is named, and there is no default.",
        hint="Name one in the effect (model='local/smollm2'), or set lab.models.default.",
    )


def unknown(name: str, known: Collection[str]) -> ModelFailed:
    """The error for a model that nobody here answers for."""
    provider = name.partition("/")[0]
    near = [*get_close_matches(name, known, 1), *get_close_matches(provider, known, 1)]
    parts = [f"Did you mean {near[0]!r}?"] if near else []
    parts.append(f"Known here: {', '.join(sorted(known)) or 'none'}.")
    if "/" in name or provider in _WAYS:
        parts.append(_WAYS.get(provider, f"lab.models.add({provider!r}, provider) adds one."))
    else:
        parts.append(f"A model is called 'provider/model', or by lab.models.alias({name!r}, ...).")
    return ModelFailed(
        f"There is no model {name!r} here: nobody answers for {provider!r}.", hint=" ".join(parts)
    )


def unfinished(name: str) -> ModelFailed:
    """The error for a provider's name where a model's is needed."""
    return ModelFailed(
        f"{name!r} is a provider; which of its models is meant?",
        hint=f"Write '{name.rstrip('/')}/model'.",
    )


def denied(
    name: str, whose: str, why: str, tenant: str, labels: Collection[str]
) -> PermissionDenied:
    """The error where the policy for somebody refuses a model."""
    marked = f" with data labelled {', '.join(sorted(labels))}" if labels else ""
    return PermissionDenied(
        f"The model {name!r} may not be asked for tenant {tenant!r}{marked}: "
        f"the policy for {whose} refuses it.",
        hint=f"{why[0].upper()}{why[1:]}.",
    )
