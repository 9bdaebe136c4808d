"""A run worth exporting, and its file taken apart."""

import gzip

import pytest

from traaviis_lab import EventRefused
from traaviis_lab.gallery import SmartDoor


def played(lab, id="d1", rounds=3, **more):
    run = lab.start(SmartDoor, id=id, **more)
    for _ in range(rounds):
        run.send("open_command", user_id='ü\u2028,"body":1')
        run.send("fully_open")
        with pytest.raises(EventRefused):
            run.send("kicked", by={"a": [1.5, None]})
        run.send("close_command")
        run.send("fully_closed")
    run.note("looked", by="me")
    return run


def lines_of(path):
    return gzip.decompress(path.read_bytes()).splitlines(keepends=True)


def packed(path, lines):
    path.write_bytes(gzip.compress(b"".join(lines)))
    return path


def facts_of(lab, run):
    return list(lab.journal.read(run))
