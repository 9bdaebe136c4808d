"""Made-up facts as lumps of a stream, for tests of the index."""

import random
from hashlib import sha256

from traaviis_lab.journal.lump import Lump, Position
from traaviis_lab.journal.port import Fact, Keep

T0 = 1_790_000_000_000_000
STARTED = (
    b'{"machine":"Door","version":"1.0","chart":"c1","data":{"n":0},'
    b'"step":{"state":["closed"],"taken":[]}}'
)
MOVED = (
    b'{"data":{"user":"\xc3\xbc"},"step":{"state":["open","wide"],"taken":["closed#0","open#1"],'
    b'"set":{"n":1},"effects":[{"kind":"call"}],"raised":[{"name":"x","data":{}}]}}'
)


def lump_of(facts, stream="1", since=0, upto=None):
    """A lump of these facts; a byte of the stream for each."""
    upto = since + len(facts) if upto is None else upto
    made = Lump(stream, Position(1, since), Position(1, upto))
    for column, values in zip(made.columns(), zip(*facts, strict=True), strict=False):
        column.extend(values)
    return made


def fact(run, seq, kind=None, body=None, **fields):
    """A fact of a run that steps, with everything filled in."""
    kind = kind or ("event" if seq > 1 else "run.started")
    body = body or (MOVED if seq > 1 else STARTED)
    given = {
        "at": T0 + seq * 1000,
        "tenant": "t",
        "name": "go" if seq > 1 else "Door",
        "cause": None,
        "state": "closed" if seq == 1 else "wide",
        "hash": sha256(b"%s %d" % (run.encode(), seq)).digest(),
        **fields,
    }
    return Fact(run, seq, kind=kind, body=body, **given)


def a_story():
    """One run in which everything happens that a view shows."""
    call = b'{"path":"2/0","owner":"wide","effect":{"kind":"call","function":"f"}}'
    done = b'{"path":"2/0","owner":"wide","result":[1],"patch":{"r":1},"step":{"state":["open"],"taken":[]}}'
    local = b'{"path":"2/1","owner":"","effect":{"kind":"log"},"result":"hi"}'
    failed = b'{"path":"6/0","owner":"","error":{"kind":"EffectError","message":"no","hint":""}}'
    refused = b'{"data":{"a":1},"reason":"locked","hint":"unlock"}'
    effect = {"effect": "call", "name": "call"}
    return [
        fact("r", 1),
        fact("r", 2),
        fact("r", 3, "effect.completed", local, effect="log", duration_us=0, cause=2),
        fact("r", 4, "effect.started", call, cause=2, **effect),
        fact("r", 5, "event.refused", refused, name="lock"),
        fact("r", 6, "effect.completed", done, cause=4, duration_us=7, state="open", **effect),
        fact("r", 7, "effect.started", b'{"path":"6/0","owner":""}', cause=6, state="open", **effect),
        fact("r", 8, "effect.failed", failed, cause=7, duration_us=5, state="open", **effect),
        fact("r", 9, "model.called", b'{"x":1}', model="m", tokens_in=10, tokens_out=5, cost_usd=0.5,
             duration_us=99, name="llm", state="open"),
        fact("r", 10, "model.called", b"{}", model="m", tokens_in=1, tokens_out=1, state="open"),
        fact("r", 11, "tool.called", b"{}", name="search", duration_us=3, state="open"),
        fact("r", 12, "run.done", b'{"status":"done"}', name="done", state="open"),
    ]  # fmt: skip


def many(count, runs=7, start=0):
    """`count` facts of runs that take turns."""
    return [fact(f"run{n % runs}", n // runs + 1) for n in range(start, start + count)]


def kept(run, seq):
    """A snapshot to keep."""
    return Keep(run, seq, b'{"active":["open"],"seq":%d}' % seq)


def cut(facts, chance=None):
    """The same facts as consecutive lumps of random sizes."""
    chance = chance or random.Random(1)
    lumps, start = [], 0
    while start < len(facts):
        end = min(len(facts), start + chance.randint(1, 400))
        lumps.append(lump_of(facts[start:end], since=start))
        start = end
    return lumps
