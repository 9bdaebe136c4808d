"""Where a document names secrets, `{secret: NAME}` or `$secret{NAME}`, and how they are put in.

What data brings in is no reference: a reference counts only at a place where the document as
written has one. So a person who fills in a form cannot have a secret sent somewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.problems import show

NAME_PATTERN = r"[A-Za-z_][A-Za-z0-9_]{0,99}"
_WITHIN = re.compile(r"\$secret\{(" + NAME_PATTERN + r")\}")
_NAME = re.compile(NAME_PATTERN + r"\Z")

Place = tuple[str, ...]
Lookup = Callable[[str], str]


def is_secret_name(name: Any) -> bool:
    """Whether a secret may be called this: letters, digits and `_`."""
    return isinstance(name, str) and _NAME.match(name) is not None


def places_in(value: Any) -> list[str]:
    """The places of all references in a value, as texts."""
    return [_written(place) for place, _ in _references(value, ())]


def secrets_in(value: Any) -> list[str]:
    """The names of the secrets that a value refers to, wherever it does, each once."""
    found: dict[str, None] = {}
    for _, one in _references(value, ()):
        names = _WITHIN.findall(one) if isinstance(one, str) else [str(one["secret"])]
        found.update(dict.fromkeys(names))
    return list(found)


def check_places(kind: str, value: Any) -> None:
    """Raise `DefinitionError` where a reference has no plain name, or a template beside it."""
    for place, found in _references(value, ()):
        where = ".".join(place)
        if isinstance(found, str):
            if "{{" in found:
                raise DefinitionError(
                    f"{kind}: {where} holds a secret and a template.",
                    hint="Put the secret into a text of its own: a header, a parameter.",
                )
        elif not is_secret_name(found["secret"]):
            raise DefinitionError(
                f"{kind}: {where} asks for the secret {show(found['secret'])}, which is no name.",
                hint="Names of secrets are letters, digits and _, and hold no template.",
            )


def put_in(value: Any, lookup: Lookup, places: Collection[str] | None = None) -> Any:
    """The value with every reference replaced by what `lookup` says for its name.

    `places`: only there; None: everywhere. What `lookup` raises goes out.
    """
    return _put(value, (), lookup, places)


def _put(value: Any, place: Place, lookup: Lookup, places: Collection[str] | None) -> Any:
    if _is_reference(value, place) and (places is None or _written(place) in places):
        if isinstance(value, str):
            return _WITHIN.sub(lambda found: lookup(found[1]), value)
        return lookup(value["secret"])
    if isinstance(value, Mapping):
        return {k: _put(v, (*place, str(k)), lookup, places) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_put(v, (*place, str(n)), lookup, places) for n, v in enumerate(value)]
    return value


def _references(value: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    if _is_reference(value, place):
        yield place, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _references(item, (*place, str(key)))
    elif isinstance(value, list | tuple):
        for n, item in enumerate(value):
            yield from _references(item, (*place, str(n)))


def _is_reference(value: Any, place: Place) -> bool:
    """A whole field is none: `json: {secret: x}` is a body that happens to have this key."""
    if isinstance(value, str):
        return _WITHIN.search(value) is not None
    return len(place) > 1 and isinstance(value, Mapping) and list(value) == ["secret"]


def _written(place: Place) -> str:
    """A place as a text; `{` is written otherwise, so that it is never taken for a template."""
    parts = (p.replace("~", "~0").replace("/", "~1").replace("{", "~2") for p in place)
    return "/".join(parts)
