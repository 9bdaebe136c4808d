"""The reference pages of the effects (`docs/effects/`), made from the words and their examples."""

from __future__ import annotations

import inspect

from traaviis_lab import effects as fx
from traaviis_lab.machine.effect import VOCABULARY, Effect
from traaviis_lab.machine.schema import Schema, spec_schema

from .examples import GROUPS, Example
from .reference import fence, keys_table

BEGIN = (
    "<!-- Made from the effects by traaviis_lab.flows.effect_pages; a test tells when stale. -->"
)
END = "<!-- End of what is made from the effects. -->"
_SPELLED = {"raise": "raise_event"}
_SHARED = ("into", "repeat")
_AFTER_A_CRASH = {
    "call_api": "GET, HEAD, OPTIONS, PUT and DELETE are performed again (`at_least_once`), POST "
    "and PATCH have failed (`at_most_once`).",
}
_REPEATS = {
    "at_least_once": "it is performed again, with the same idempotency key (`at_least_once`)",
    "at_most_once": "it has failed (`at_most_once`)",
    "human": "a person is asked (`human`)",
}


def effect_page(kind: str) -> str:
    """The page of one effect as MyST Markdown. Raises KeyError for a kind without an example."""
    word, example = VOCABULARY[kind], _examples()[kind]
    schema = spec_schema([kind])
    parts = [
        f"# `{kind}`\n",
        f"{BEGIN}\n",
        inspect.cleandoc(word.__doc__ or "") + "\n",
        _facts(word),
        "## Fields\n",
        keys_table(schema, _usual_last(schema["$defs"][f"effect.{kind}"])),
        "## Example\n",
        fence(example.document),
        "The same in Python, and run:\n",
        fence(example.program, "python"),
        fence(f"{example.prints}\n", "text"),
        "[All effects](../effects.md)\n",
    ]
    return "\n".join(parts)


def effect_pages() -> dict[str, str]:
    """The pages of all effects of the house, by kind."""
    return {kind: effect_page(kind) for kind in _examples()}


def effects_index(folder: str = "effects/") -> str:
    """A table per group: each effect, how Python spells it, what it does."""
    parts = []
    for title, examples in GROUPS.items():
        parts += [f"### {title}\n", "| kind | in Python | what it does |", "|---|---|---|"]
        for kind in examples:
            cells = (
                f"[`{kind}`]({folder}{kind}.md)",
                f"`{spelled(kind, short=True)}`",
                meaning(kind),
            )
            parts.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append("")
    return "\n".join(parts)


def renewed_index(page: str) -> str:
    """The guide with its index made anew. Raises ValueError if it has no place for it."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError(f"The page lacks the lines {BEGIN!r} and {END!r}.")
    return f"{before}{BEGIN}\n\n{effects_index()}\n{END}{after}"


def meaning(kind: str) -> str:
    """What the effect does, in one line."""
    return (VOCABULARY[kind].__doc__ or "").partition("\n")[0]


def spelled(kind: str, *, short: bool = False) -> str:
    """How Python spells it, without types: `fx.delay(duration)`; `short`: what one must say."""
    name = _SPELLED.get(kind, kind)
    signature = inspect.signature(getattr(fx, name))
    empty = inspect.Parameter.empty
    bare = [one.replace(annotation=empty) for one in signature.parameters.values()]
    if short:
        needed = [str(one) for one in bare if one.default is empty]
        return f"fx.{name}({', '.join(needed + ['...'] * (len(needed) < len(bare)))})"
    return f"fx.{name}{signature.replace(parameters=bare, return_annotation=empty)}"


def _usual_last(part: Schema) -> Schema:
    """The fields with those that many effects have at the end."""
    keys = part["properties"]
    first = {key: value for key, value in keys.items() if key not in _SHARED}
    last = {key: keys[key] for key in _SHARED if key in keys}
    return {**part, "properties": {**first, **last}}


def _facts(word: type[Effect]) -> str:
    rows = [
        ("in Python", f"`{spelled(word.kind)}`{_operator(word.kind)}"),
        ("performed", _where(word)),
        ("after a crash", _crash(word)),
    ]
    listed = [f"| {name} | {text.replace('|', chr(92) + '|')} |" for name, text in rows]
    return "\n".join(["| | |", "|---|---|", *listed]) + "\n"


def _operator(kind: str) -> str:
    signs = {"sequence": ">>", "parallel": "&", "race": "|"}
    return f", or `a {signs[kind]} b`" if kind in signs else ""


def _where(word: type[Effect]) -> str:
    if word.composed:
        return "by what it is made of: it decides what starts and stops, and has no part of its own"
    if word.outward:
        return "outside the run, once the wish for it is on disk"
    return "within the step that asks for it"


def _crash(word: type[Effect]) -> str:
    if word.composed:
        return "it goes on where it stood; each effect in it by its own declaration"
    if not word.outward:
        return "nothing to do: it is written with its step, or the step has not happened"
    said = " `repeat` says otherwise." if "repeat" in word.__dataclass_fields__ else ""  # type: ignore[attr-defined]
    usual = _AFTER_A_CRASH.get(word.kind, f"{_REPEATS[word.repeat_by_default]}.")
    return usual + said


def _examples() -> dict[str, Example]:
    return {kind: one for group in GROUPS.values() for kind, one in group.items()}
