"""A machine that asks for one effect when it starts, for tests of handlers."""

import time

from traaviis_lab import Chart


def chart_asking(effect, name="Asking"):
    """In `asking` it asks; then it is `answered` (data.result) or `failed` (data.error)."""
    failed = {"to": "failed", "assign": {"error": "event"}}
    return Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": name,
            "initial": "asking",
            "states": {
                "asking": {
                    "enter": [effect.to_spec()],
                    "on_success": {"to": "answered", "assign": {"result": "event.result"}},
                    "on_error": failed,
                    "transitions": [
                        {"on": "error.execution", **failed},
                        {"on": "leave", "to": "failed"},
                    ],
                },
                "answered": {},
                "failed": {},
            },
        }
    )


def asked(lab, effect, data=None, **names):
    """The run of such a machine, when it is through."""
    run = lab.start(chart_asking(effect), data=data, **names)
    until(lambda: run.state != "asking", 20)
    return run


def result(lab, effect, data=None):
    """What the effect answers."""
    run = asked(lab, effect, data)
    assert run.state == "answered", run.data
    return run.data["result"]


def error(lab, effect, data=None):
    """What the effect fails with."""
    run = asked(lab, effect, data)
    assert run.state == "failed", run.data
    return run.data["error"]


def until(holds, seconds=10.0):
    """Wait for something to hold; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.002)
