"""The door to tiktoken: the tokenizers of OpenAI's models, from vocabularies on this disk."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import sha256
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from traaviis_lab.errors import ModelFailed

if TYPE_CHECKING:
    import tiktoken

_FOLDER = Path("litellm_core_utils", "tokenizers")
"""Where the vocabularies are in LiteLLM's package, which brings them along for tiktoken."""


class _Vocabulary(NamedTuple):
    file: str  # as tiktoken calls the file of this vocabulary
    sha256: str
    pattern: str


_VOCABULARIES = {
    "o200k_base": _Vocabulary(
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        "|".join(
            [
                r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*"""
                r"""[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
                r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"""
                r"""[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
                r"""\p{N}{1,3}""",
                r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""",
                r"""\s*[\r\n]+""",
                r"""\s+(?!\S)""",
                r"""\s+""",
            ]
        ),
    ),
    "cl100k_base": _Vocabulary(
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|"""
        r""" ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s""",
    ),
}
_LOCK = threading.Lock()
PIECE, LONGEST_PIECE = 10_000, 50_000
LONGEST_TEXT = 5_000_000
"""Characters; more than any of these models reads."""
_BETWEEN_WORDS = re.compile(r"(?<=[^\W\d_])(?= [^\W\d_])")


def counter(name: str) -> Callable[[str], int] | None:
    """A function that counts the tokens of a text, None where there is no such tokenizer here.

    The first call for a name reads a vocabulary, which takes a third of a second.
    """
    with _LOCK:
        return _counter(name)


def is_at_hand() -> bool:
    """Whether texts can be counted here without asking the network."""
    return _found("tiktoken") is not None and _folder() is not None


@lru_cache(maxsize=len(_VOCABULARIES))
def _counter(name: str) -> Callable[[str], int] | None:
    folder, vocabulary = _folder(), _VOCABULARIES[name]
    if folder is None or _found("tiktoken") is None:
        return None
    try:
        content = (folder / vocabulary.file).read_bytes()
    except OSError:
        return None
    if sha256(content).hexdigest() != vocabulary.sha256:
        return None
    encoding = _encoding(name, content, vocabulary.pattern)

    def count(text: str) -> int:
        return sum(len(encoding.encode_ordinary(piece)) for piece in pieces_of(text))

    return count


def pieces_of(text: str) -> Iterator[str]:
    """A text in pieces whose tokens add up to its own: cut before a space between two words.

    Raises `ModelFailed` where it is so long that counting would hold all up, or where there is no
    word far and wide: tiktoken takes the square of the time for such a piece, or breaks down.
    """
    if len(text) > LONGEST_TEXT:
        raise _too_long(text)
    begin = 0
    while begin < len(text):
        found = _BETWEEN_WORDS.search(text, begin + PIECE)
        end = found.start() if found else len(text)
        if end - begin > LONGEST_PIECE:
            raise _too_long(text)
        yield text[begin:end]
        begin = end


def _too_long(text: str) -> ModelFailed:
    return ModelFailed(
        f"A text of {len(text):,} characters is too long to be counted.", hint="Say less."
    )


def _encoding(name: str, content: bytes, pattern: str) -> tiktoken.Encoding:
    import tiktoken

    lines = (line.split() for line in content.splitlines() if line)
    ranks = {base64.b64decode(token): int(rank) for token, rank in lines}
    return tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})


def _folder() -> Path | None:
    """LiteLLM's vocabularies, found without importing LiteLLM."""
    found = _found("litellm")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(next(iter(found.submodule_search_locations))) / _FOLDER
    return folder if folder.is_dir() else None


def _found(name: str) -> ModuleSpec | None:
    try:
        return find_spec(name)
    except ValueError:  # something else goes by this name here
        return None
