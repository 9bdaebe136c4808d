"""How the two ends of a sandbox talk: a head in JSON and a body of bytes, each with its length."""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct
from typing import IO, Any

import orjson

_LENGTHS = Struct(">IQ")
LARGEST_HEAD = 16_000_000
"""Bytes of a head, at most; who says more is broken."""


def put(pipe: IO[bytes], head: Mapping[str, Any], body: bytes = b"") -> None:
    """Write one message, and see it off."""
    text = orjson.dumps(head)
    pipe.write(_LENGTHS.pack(len(text), len(body)))
    pipe.write(text)
    pipe.write(body)
    pipe.flush()


def take(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Read one message. Raises `EOFError` when the other end is gone."""
    size, more = _LENGTHS.unpack(_exactly(pipe, _LENGTHS.size))
    if size > LARGEST_HEAD:
        raise EOFError
    head: dict[str, Any] = orjson.loads(_exactly(pipe, size))
    return head, _exactly(pipe, more)


def _exactly(pipe: IO[bytes], size: int) -> bytes:
    found = pipe.read(size)
    if len(found) < size:
        raise EOFError
    return found
