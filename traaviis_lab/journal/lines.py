"""The log's lines: how each kind of record is written, and read back byte for byte.

Every line is one JSON object with "type" first and "crc" last. `crc` is the CRC-32 (zlib) of the
bytes before `,"crc"`; on a fact line it runs over the bytes before `,"hash"` and then over the
64 digits of the hash. A fact's hash is sha256(hash of the run's previous fact, 32 raw bytes,
zeros for the first, then the line's bytes before `,"hash"`). "body" is always the last field
before those two, so the exact text that was given can be cut out again. Room is kept for
"envelope" in the place of "body": {"key": id, "ciphertext": base64}.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import hexlify, unhexlify
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple
from zlib import crc32

import orjson

from .port import Fact, Keep

FORMAT = 1
ZERO = bytes(32)
FACT = b'{"type":"fact",'
COMMIT = b'{"type":"commit",'
_NUMBERS = ("tokens_in", "tokens_out", "cost_usd", "duration_us")
_CACHED = 8192  # prefixes kept by an encoder before it forgets them all

Shape = tuple[str, str, str, str, str, str]


class BadLine(ValueError):
    """A line that is not what was written."""


class Fields(NamedTuple):
    """Fact lines taken apart: their plain fields, bodies, the bytes that are hashed, hashes."""

    heads: list[dict[str, Any]]
    bodies: list[bytes]
    cores: list[bytes]
    hashes: list[bytes]


class FactEncoder:
    """Makes fact lines and remembers the parts that repeat. Used by one thread."""

    __slots__ = ("_runs", "_shapes")

    def __init__(self) -> None:
        self._runs: dict[str, bytes] = {}
        self._shapes: dict[Shape, bytes] = {}

    def encode(
        self, facts: Sequence[Fact], heads: dict[str, bytes]
    ) -> tuple[list[bytes], list[bytes]]:
        """Lines (in two parts each) and hashes of these facts. `heads` holds each run's last hash
        and is advanced."""
        runs, shapes = self._runs, self._shapes
        if len(runs) > _CACHED:
            runs.clear()
        if len(shapes) > _CACHED:
            shapes.clear()
        sha, crc, digits = sha256, crc32, hexlify
        lines: list[bytes] = []
        hashes: list[bytes] = []
        add, keep = lines.append, hashes.append
        for fact in facts:
            run, seq, at, ten, kind, name, cause, body, state, eff, mod, n1, n2, n3, n4, _ = fact
            start = runs.get(run)
            if start is None:
                start = runs[run] = b'%b"run":%b,"seq":' % (FACT, orjson.dumps(run))
            key = (ten, kind, name, state, eff, mod)
            middle = shapes.get(key)
            if middle is None:
                middle = shapes[key] = shape_text(key)
            if n1 is n2 is n3 is n4 is None and cause is not None:
                form = b'%b%d,"at":%d%b,"cause":%d,"body":%b'
                core = form % (start, seq, at, middle, cause, body)
            else:
                form = b'%b%d,"at":%d%b%b,"body":%b'
                core = form % (start, seq, at, middle, _rare(fact), body)
            digest = heads[run] = sha(heads[run] + core).digest()
            keep(digest)
            text = digits(digest)
            add(core)
            add(b',"hash":"%b","crc":"%08x"}\n' % (text, crc(text, crc(core))))
        return lines, hashes


def shape_text(key: Shape) -> bytes:
    """The fields that repeat from fact to fact; empty hot fields are left out."""
    names = ("tenant", "kind", "name", "state", "effect", "model")
    return b"".join(
        b',"%b":%b' % (name.encode(), orjson.dumps(value))
        for name, value in zip(names, key, strict=True)
        if value or name in names[:3]
    )


def _rare(fact: Fact) -> bytes:
    cause = b"" if fact.cause is None else b',"cause":%d' % fact.cause
    numbers = {name: n for name in _NUMBERS if (n := getattr(fact, name)) is not None}
    return cause + (b"," + orjson.dumps(numbers)[1:-1] if numbers else b"")


def read_facts(lines: Sequence[bytes]) -> Fields:
    """Take fact lines (without newline) apart, or raise ValueError at the first wrong one."""
    heads: list[bytes] = []
    bodies: list[bytes] = []
    cores: list[bytes] = []
    digits: list[bytes] = []
    crc = crc32
    for line in lines:
        core, text, tail = line[:-92], line[-83:-19], line[-19:]
        if line[-92:-83] != b',"hash":"' or b'","crc":"%08x"}' % crc(text, crc(core)) != tail:
            raise BadLine("the CRC does not fit")
        cut = core.find(b',"body":')
        if cut < 0:
            cut = core.find(b',"envelope":') + 4  # longer by four letters
            if cut < 4:
                raise BadLine("there is no body")
            heads.append(core[: cut - 4])
        else:
            heads.append(core[:cut])
        bodies.append(core[cut + 8 :])
        cores.append(core)
        digits.append(text)
    # one call for all of them: half the time of one each
    read = orjson.loads(b"[" + b"},".join(heads) + b"}]") if heads else []
    return Fields(read, bodies, cores, [unhexlify(text) for text in digits])


def close_line(core: bytes) -> bytes:
    """A whole line from its bytes up to the CRC."""
    return b'%b,"crc":"%08x"}\n' % (core, crc32(core))


def write_record(kind: str, fields: dict[str, Any]) -> bytes:
    """A line of plain fields: header, commit, sealed, closed, claim, release."""
    return close_line(orjson.dumps({"type": kind, **fields})[:-1])


def write_body(kind: str, fields: dict[str, Any], body: bytes) -> bytes:
    """A line that carries bytes: as JSON where they are JSON on one line, else as base64."""
    core = orjson.dumps({"type": kind, **fields})[:-1]
    if b"\n" not in body and _is_json(body):
        return close_line(b'%b,"body":%b' % (core, body))
    return close_line(b'%b,"base64":"%b"' % (core, b64encode(body)))


def write_chart(chart_hash: str, spec: bytes) -> bytes:
    """A chart's spec under its hash."""
    return write_body("chart", {"hash": chart_hash}, spec)


def write_blob(digest: str, body: bytes) -> bytes:
    """A large value under its sha256."""
    return write_body("blob", {"sha256": digest}, body)


def write_snapshot(kept: Keep) -> bytes:
    """A run's state after one of its facts."""
    return write_body("snapshot", {"run": kept.run, "seq": kept.seq}, kept.body)


def read_record(line: bytes) -> tuple[dict[str, Any], bytes]:
    """Fields and body of any line but a fact (without newline), or raise `BadLine`."""
    core, tail = line[:-18], line[-18:]
    if tail[:8] != b',"crc":"' or tail[16:] != b'"}':
        raise BadLine("the end of the line is not a CRC")
    if b"%08x" % crc32(core) != tail[8:16]:
        raise BadLine("the CRC does not fit")
    cut = core.find(b',"body":')
    if cut >= 0:
        return orjson.loads(core[:cut] + b"}"), core[cut + 8 :]
    fields = orjson.loads(core + b"}")
    return fields, b64decode(fields.pop("base64", ""))


def _is_json(text: bytes) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
