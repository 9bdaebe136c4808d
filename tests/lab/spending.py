"""A machine that asks models, and facts of calls as if they had been made, for tests of costs."""

from __future__ import annotations

import json

from traaviis_lab import Machine, State


class Triage(Machine):
    """A support desk."""

    classify = State(initial=True)
    answer = State()
    check = State()
    done = State(final=True)
    classify.to(answer, on="classified")
    answer.to(check, on="answered")
    check.to(answer, on="poor")
    check.to(done, on="good")


def foreseen(tokens_in, tokens_out, usd, seconds=1.0):
    """What a call was expected to take, as its fact has it."""
    return {
        "tokens_in": tokens_in,
        "tokens_out": {"p50": tokens_out, "p90": 2 * tokens_out, "most": 500},
        "usd": None if usd is None else {"p50": usd, "p90": 2 * usd, "most": 9 * usd},
        "seconds": {"p50": seconds, "p90": 2 * seconds},
        "why": "3 calls at this place before",
    }


def called(run, state, model, tokens_in, tokens_out, usd, estimate=None, *, seconds=1.0, **more):
    """Write that a model was called from a state of the run."""
    usage = {name: more.pop(name) for name in ("cache_read", "reasoning") if name in more}
    cost = {"usd": usd, "how": "price", **more.pop("cost", {})}
    body = {
        "path": "1/0",
        "node": f"{run.chart.name}/{state}#0",
        "usage": {"tokens_in": tokens_in, "tokens_out": tokens_out, **usage},
        "cost": cost,
        "estimate": estimate,
        "source": "live",
        **more,
    }
    columns = {"model": model, "tokens_in": tokens_in, "tokens_out": tokens_out, "cost_usd": usd}
    write(run, "model.called", model, body, duration_us=round(seconds * 1e6), **columns)


def write(run, kind, name, body, **columns):
    """Write a fact beside the run's own."""
    text = json.dumps(body).encode()
    run.lab.acknowledged(lambda ack: run._live._aside(kind, name, text, ack, cause=None, **columns))


def planned(run, **states):
    """Write an estimate of the run: state = (tokens_in, tokens_out, usd)."""
    spread = lambda value: {"p50": value, "p90": value, "most": value, "expected": value}  # noqa: E731
    lines = [
        {
            "machine": run.chart.name, "state": state, "model": "m/x", "seconds": spread(1.0),
            "tokens_in": spread(reads), "tokens_out": spread(writes), "usd": usd and spread(usd),
        }
        for state, (reads, writes, usd) in states.items()
    ]  # fmt: skip
    lines.append({"machine": run.chart.name, "state": "check", "model": "", "seconds": spread(60)})
    write(run, "estimate.made", run.chart.name, {"machine": run.chart.name, "lines": lines})
