"""A run as one file, `traaviis-run/1`: its facts byte for byte as they are hashed, and its chart.

The file is JSONL, gzipped where its name ends with `.gz`. First a head line that says which run of
which machine it is and holds the chart's spec; then the large values the facts name (`blob`); then
the facts, each line as the journal's log has it; then an end line with their number and the last
hash. Every line has its CRC and every fact follows from the one before it, so that a changed byte
is found. Kept snapshots stay behind: they can be computed again.
"""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson

from traaviis_lab.errors import ChainBroken, LabError, RunNotFound
from traaviis_lab.journal import Fact, Journal, RunInfo
from traaviis_lab.journal.lines import ZERO, FactEncoder, write_blob, write_record
from traaviis_lab.machine.canonical import canonical_hash

FORMAT = "traaviis-run/1"
AT_ONCE = 512
_DIGEST = re.compile(rb'"([0-9a-f]{64})"')


def write_run(journal: Journal, run: str, path: str | os.PathLike[str]) -> Path:
    """Write a run as the journal knows it now; the same run gives the same bytes.

    The file is there whole or not at all. Raises `RunNotFound`, `ChainBroken` where a fact does
    not follow from the one before it, `LabError` where the path cannot be written.
    """
    info = journal.info(run)
    if info is None:
        raise RunNotFound(f"No run {run!r} in this journal.", hint="lab.runs() lists them.")
    target = Path(path).expanduser()
    with _whole(target) as file:
        for line in run_lines(journal, info):
            file.write(line)
    return target


def run_lines(journal: Journal, info: RunInfo) -> Iterator[bytes]:
    """The lines of the file, up to the run's last fact as `info` has it."""
    last = next(iter(journal.read(info.run, after=info.seq - 1, upto=info.seq)))
    yield _head(journal, info, last)
    for digest in _named(journal, info):
        body = journal.blob(digest)
        if body is not None:
            yield write_blob(digest, body)
    yield from _chained(journal.read(info.run, upto=info.seq), info.run)
    yield write_record("end", {"facts": info.seq, "head": last.hash.hex()})


def _head(journal: Journal, info: RunInfo, last: Fact) -> bytes:
    """The first line. `spec` is null where the journal does not have it, `portable` says whether
    the spec alone is enough to read the run."""
    spec = journal.chart(info.chart)
    fields: dict[str, Any] = {
        "format": FORMAT,
        "run": info.run,
        "tenant": info.tenant,
        "machine": info.machine,
        "chart": info.chart,
        "facts": info.seq,
        "head": last.hash.hex(),
        "portable": spec is not None and is_portable(spec, info.chart),
    }
    if info.forked_from is not None:
        fields |= {"forked_from": info.forked_from, "forked_at": info.forked_at}
    return write_record("run", {**fields, "spec": None if spec is None else orjson.Fragment(spec)})


def is_portable(spec: bytes, chart: str) -> bool:
    """Whether this spec is the whole chart of that hash: nothing in it calls Python."""
    from traaviis_lab.machine import Chart

    try:
        return Chart.from_spec(orjson.loads(spec)).hash == chart
    except LabError:
        return False


def is_spec_of(spec: Any, chart: str) -> bool:
    """Whether a chart of that hash was written down so."""
    try:
        return canonical_hash(spec) == chart
    except LabError:
        return False


def _named(journal: Journal, info: RunInfo) -> list[str]:
    """The digests of the blobs that the run's facts name, in the order they are first named."""
    known: dict[bytes, bool] = {}
    for fact in journal.read(info.run, upto=info.seq):
        for digest in _DIGEST.findall(fact.body):
            if digest not in known:
                known[digest] = journal.blob(digest.decode()) is not None
    return [digest.decode() for digest, there in known.items() if there]


def _chained(facts: Iterable[Fact], run: str) -> Iterator[bytes]:
    """The facts' lines, each checked against the hash the journal has for it."""
    encoder, heads = FactEncoder(), {run: ZERO}
    lump: list[Fact] = []
    for fact in facts:
        lump.append(fact)
        if len(lump) == AT_ONCE:
            yield from _checked(lump, encoder, heads)
            lump.clear()
    yield from _checked(lump, encoder, heads)


def _checked(facts: list[Fact], encoder: FactEncoder, heads: dict[str, bytes]) -> Iterator[bytes]:
    before = dict(heads)
    lines, hashes = encoder.encode(facts, heads)
    if hashes != [fact.hash for fact in facts]:
        heads.update(before)
        lines = [part for fact in facts for part in _one(fact, encoder, heads)]
    for number in range(0, len(lines), 2):
        yield lines[number] + lines[number + 1]


def _one(fact: Fact, encoder: FactEncoder, heads: dict[str, bytes]) -> list[bytes]:
    """The line of one fact. A whole amount may have been written as `1`, and the index says 1.0."""
    head, cost = heads[fact.run], fact.cost_usd
    spellings = [cost] if cost is None or cost != int(cost) else [cost, int(cost)]
    for spelling in spellings:
        heads[fact.run] = head
        lines, (digest,) = encoder.encode([fact._replace(cost_usd=spelling)], heads)
        if digest == fact.hash:
            return lines
    raise ChainBroken(
        f"Fact {fact.seq} of run {fact.run!r} does not have the hash that was kept for it.",
        hint="lab.verify() says where the journal is damaged.",
    )


@contextmanager
def _whole(target: Path) -> Iterator[IO[bytes]]:
    """A file that takes its place only when all of it is written."""
    if target.is_dir():
        raise LabError(f"{str(target)!r} is a folder.", hint="Name a file: 'x.run.jsonl.gz'.")
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as raw:
            if target.suffix == ".gz":
                with gzip.GzipFile("", "wb", 6, raw, mtime=0) as packed:
                    yield packed  # type: ignore[misc]
            else:
                yield raw
        part.replace(target)
    except OSError as error:
        raise LabError(
            f"{str(target)!r} cannot be written: {error.strerror or error}.",
            hint="Name a file in a folder you may write to.",
        ) from error
    finally:
        part.unlink(missing_ok=True)
