"""Put transcripts into a journal as runs of one chart: all of them as one batch, or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from traaviis_lab.errors import LabError
from traaviis_lab.journal import Fact, Journal
from traaviis_lab.machine import Chart
from traaviis_lab.runtime.bodies import Texts
from traaviis_lab.travel.carrying.arrival import taken, write_facts

from .charting import draw
from .messages import Transcript, clean
from .scribe import Scribe
from .turns import turns_of


def arrive_transcripts(
    journal: Journal,
    transcripts: Mapping[str, Transcript],
    *,
    name: str,
    tools: Sequence[str] = (),
    tenant: str,
    at: int,
) -> Chart:
    """Write every transcript down as the run of its id; answers the chart they all ran on.

    Args:
        journal: where the runs go.
        transcripts: by the id that the run gets.
        name: what the chart is called.
        tools: tools that the agent had beside those it called.
        tenant: who owns the runs.
        at: when those began that do not say it, in microseconds since the epoch.

    Raises `JournalConflict` if an id is taken; then nothing is written.
    """
    for run in transcripts:
        if journal.info(run) is not None:
            raise taken(run, journal.path)
    rows = {run: turns_of(one) for run, one in transcripts.items()}
    declared = [*tools, *(tool for one in transcripts.values() for tool in one.tools)]
    drawn = draw(name, list(rows.values()), declared)
    texts = Texts(drawn.chart)
    prompts: dict[str, bytes] = {}
    facts: list[Fact] = []
    for run, one in transcripts.items():
        digest = _digest(one, prompts)
        facts += Scribe(drawn, texts, run, tenant, at).write(one, rows[run], digest)
    _write(journal, drawn.chart, list(transcripts), prompts, facts)
    return drawn.chart


def _digest(one: Transcript, prompts: dict[str, bytes]) -> str | None:
    """The digest that the prompt is kept under: the same one is kept once for all runs."""
    from hashlib import sha256

    if not one.prompt:
        return None
    body = clean(one.prompt).encode()
    digest = sha256(body).hexdigest()
    prompts[digest] = body
    return digest


def _write(
    journal: Journal,
    chart: Chart,
    runs: Sequence[str],
    prompts: Mapping[str, bytes],
    facts: Sequence[Fact],
) -> None:
    claimed = []
    try:
        for run in runs:
            journal.claim(run)
            claimed.append(run)
        journal.put_chart(chart.hash, orjson.dumps(chart.spec))
        for body in prompts.values():
            journal.put_blob(body)
        write_facts(journal, facts)
    finally:
        for run in claimed:
            journal.release(run)


def judged(one: Transcript, outcome: Any) -> Transcript:
    """The transcript with what the caller says of how it went: a word, or whether it passed."""
    if outcome is None:
        return one
    if isinstance(outcome, bool):
        outcome = "passed" if outcome else "failed"
    if not isinstance(outcome, str) or not outcome:
        raise LabError(
            f"{outcome!r} is no outcome.", hint='"passed", "failed", another word, True or False.'
        )
    return replace(one, outcome=outcome)


def modelled(one: Transcript, model: str | None) -> Transcript:
    """The transcript with the model's name where it does not say it."""
    if model is None:
        return one
    messages = tuple(
        replace(m, model=model) if m.role == "agent" and not m.model else m for m in one.messages
    )
    return replace(one, messages=messages)
