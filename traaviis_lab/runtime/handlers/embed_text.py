"""Perform `embed_text`: texts become vectors, in this process."""

from __future__ import annotations

from typing import Any

from traaviis_lab.effects import EmbedText
from traaviis_lab.errors import EffectError
from traaviis_lab.knowledge.embedder import embedder_named
from traaviis_lab.knowledge.passage import whole
from traaviis_lab.runtime.interpreter import Scope

from .knowing import on_worker

MOST_TEXTS, MOST_LETTERS = 1_000, 1_000_000
DIGITS = 7


async def embed_text(effect: EmbedText, scope: Scope) -> Any:
    """A list of numbers for `text`, a list of lists for `texts`.

    Raises `EffectError` for a model that is no embedder and for more than can be read at once,
    `NotInstalled` without the extra `[embed]`.
    """
    texts = [effect.text] if effect.texts is None else list(effect.texts)
    letters = sum(map(len, texts))
    if len(texts) > MOST_TEXTS or letters > MOST_LETTERS:
        raise EffectError(
            f"embed_text: {len(texts):,} texts of {letters:,} characters are too many for once.",
            hint=f"At most {MOST_TEXTS:,} texts and {MOST_LETTERS:,} characters; fx.for_each goes "
            "over more, and lab.knowledge keeps what is read.",
        )
    if "/" in effect.model:
        raise EffectError(
            f"embed_text: {effect.model!r} cannot be asked for vectors; they are made in this "
            "process.",
            hint="model='minilm' (the extra [embed]) or model='char-tfidf'. For another one: "
            'lab.handler("embed_text", function).',
        )
    vectors = await on_worker(scope, _vectors, effect.model, [whole(text) for text in texts])
    return vectors if effect.texts is not None else vectors[0]


def _vectors(model: str, texts: list[str]) -> list[list[float]]:
    made = embedder_named(model).embed(texts)
    return [[round(number, DIGITS) for number in vector] for vector in made]
