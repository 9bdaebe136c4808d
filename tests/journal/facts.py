"""Facts to append, and a way to wait for their acknowledgement."""

import threading

from traaviis_lab.journal.port import Fact

BODY = b'{"data":{"user_id":"u1"},"step":{"state":["open"],"taken":["open:0"]}}'


def make(run, seq, **fields):
    fields = {
        "at": 1_790_000_000_000_000 + seq,
        "tenant": "default",
        "kind": "event" if seq > 1 else "run.started",
        "name": "open_command",
        "cause": seq - 1 or None,
        "body": BODY,
        "state": "open",
        **fields,
    }
    return Fact(run, seq, **fields)


def many(run, first, last, **fields):
    return [make(run, seq, **fields) for seq in range(first, last + 1)]


def append(journal, facts, **options):
    """Append, and return when it is acknowledged; raises what the acknowledgement brings."""
    done = threading.Event()
    errors = []

    def acknowledge(error):
        errors.append(error)
        done.set()

    journal.append(facts, acknowledge=acknowledge, **options)
    assert done.wait(30)
    assert len(errors) == 1
    if errors[0] is not None:
        raise errors[0]


def seqs(journal, run, **options):
    return [fact.seq for fact in journal.read(run, **options)]
