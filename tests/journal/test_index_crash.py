"""kill -9 while the index is fed: what is in it is whole, and says truthfully how far it is."""

import os
import random
import signal
import subprocess
import sys

import pytest

from tests.journal.lumps import lump_of, many
from traaviis_lab.journal.index import DuckIndex

CODE = """
import sys
from tests.journal.lumps import lump_of, many
from traaviis_lab.journal.index import DuckIndex
index = DuckIndex(sys.argv[1])
at = index.positions()["1"].offset if index.positions() else 0
print("ready", flush=True)
for size in [1, 250, 3, 40, 700, 2, 9000] * 40:
    index.feed(lump_of(many(size, start=at), since=at))
    at += size
    print(at, flush=True)
"""


@pytest.mark.crash
def test_killed_at_any_moment(tmp_path):
    path = str(tmp_path / "x.duckdb")
    chance, told = random.Random(5), 0
    for _ in range(4):
        child = subprocess.Popen([sys.executable, "-c", CODE, path], stdout=subprocess.PIPE)
        assert child.stdout.readline() == b"ready\n"
        for _ in range(chance.randint(1, 25)):
            told = int(child.stdout.readline())
        os.kill(child.pid, signal.SIGKILL)
        child.stdout.close()
        child.wait()
        index = DuckIndex(path)
        at = index.positions()["1"].offset
        assert at >= told
        frame = index.query("select count(*) as n, count(distinct hash) as different from events")
        assert frame.values.tolist() == [[at, at]]
        expected = many(20, start=at - 20) if at >= 20 else many(at)
        for fact in expected:
            assert list(index.read(fact.run, after=fact.seq - 1, upto=fact.seq)) == [fact]
        index.feed(lump_of(many(5, start=at), since=at))
        index.close()
