"""Run effects without a machine: on a chart of one state that is made for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from traaviis_lab import errors
from traaviis_lab.effects import race, read_effect, sequence
from traaviis_lab.errors import (
    ApiFailed,
    DefinitionError,
    EffectError,
    EffectTimeout,
    LabError,
    ModelFailed,
)
from traaviis_lab.machine import Chart
from traaviis_lab.machine.effect import Effect

from .names import new_id

if TYPE_CHECKING:
    from traaviis_lab.runtime import Engine

    from .run import Run
    from .thread import LoopThread

Wish = Effect | Mapping[str, Any]
NAME = "Pipeline"


class Pipelines:
    """The part of `Lab` that runs effects by themselves."""

    if TYPE_CHECKING:
        _engine: Engine
        _thread: LoopThread

        def _begin(
            self, chart: Chart, id: str | None, data: Mapping[str, Any] | None, tenant: str | None
        ) -> Run:
            """Start a run of a chart that is nobody's machine."""

        def _face(self, live: Any) -> Run:
            """A live run as a notebook knows it."""

    def run_pipeline(
        self,
        effects: Wish | Sequence[Wish],
        data: Mapping[str, Any] | None = None,
        *,
        id: str | None = None,
        tenant: str | None = None,
        timeout: float | None = 60.0,
        check: bool = True,
    ) -> Run:
        """Perform effects without a machine, and wait for their end; answers the run.

        What they answered is `run.data["result"]`, what went wrong `run.data["error"]`; the
        other of the two is None. It is a run like any other, with history, replay and forks.

        Args:
            effects: an effect, its document, or a list of them: a sequence.
            data: what templates find under `data`.
            id: the run's id.
            tenant: who owns it.
            timeout: seconds to wait (None: for ever); then the run is stopped, which cancels
                what is under way.
            check: whether a failure is raised; else it is only in the run's data.

        Raises `DefinitionError` for what is no effect, `EffectTimeout` (a TimeoutError), and with
        `check` what it failed with, an `EffectError` or another error of this house. An
        interrupted cell stops the run.
        """
        _check_timeout(timeout)
        chart, run_id = pipeline(effects), new_id(NAME) if id is None else id
        try:
            run = self._begin(chart, run_id, data, tenant)
            run.wait(timeout=timeout)
        except TimeoutError as late:
            self._abandon(chart, run_id)
            raise EffectTimeout(
                f"{late} It was stopped.",
                hint=f"lab.run({run_id!r}).effects() tells why; timeout=600 waits longer.",
            ) from None
        except BaseException:  # also an interrupted cell
            self._abandon(chart, run_id)
            raise
        if check and run.state != "done":
            raise _as_raised(run.data["error"] if run.state == "failed" else _STOPPED, run.id)
        return run

    def _abandon(self, chart: Chart, id: str) -> None:
        """Stop the run, also if it was only about to start; not another one of this id."""
        live = self._thread.ask(lambda: self._engine.runs.get(id))
        if live is not None and live.chart is chart:
            self._face(live).stop()


_STOPPED = {"message": "The run was stopped before its end."}


def pipeline(effects: Wish | Sequence[Wish]) -> Chart:
    """The chart that performs these effects and ends: in `done`, or in `failed`.

    Raises `DefinitionError` for what is no effect.
    """
    return Chart.from_spec(
        {
            "spec": "traaviis/1",
            "name": NAME,
            "title": "Effects without a machine.",
            "data": {"result": None, "error": None},
            "initial": "working",
            "states": {
                "working": {
                    "enter": [_heard(_one(effects)).to_spec()],
                    "on_success": {"to": "done", "assign": {"result": "event.result"}},
                    "on_error": {"to": "failed", "assign": {"error": "event"}},
                    # A template of the effect itself that cannot be filled in.
                    "transitions": [
                        {"on": "error.execution", "to": "failed", "assign": {"error": "event"}}
                    ],
                },
                "done": {"final": True},
                "failed": {"final": True},
            },
        }
    )


def _one(effects: Any) -> Effect:
    if isinstance(effects, Effect):
        return effects
    if isinstance(effects, Mapping):
        return read_effect(effects)
    if isinstance(effects, str) or not isinstance(effects, Sequence):
        raise DefinitionError(
            f"{effects!r} is no effect, and no list of them.",
            hint='lab.run_pipeline([fx.call("fetch"), fx.log("done")])',
        )
    return sequence(*effects)


def _heard(effect: Effect) -> Effect:
    """An effect whose end the state hears of: an event raised alone is no effect of its own."""
    return race(effect) if effect.kind == "raise" else effect


def _check_timeout(timeout: Any) -> None:
    number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if timeout is not None and not (number and timeout > 0):
        raise LabError(
            f"run_pipeline: timeout is {timeout!r}, and must be seconds above 0, or None.",
            hint="lab.run_pipeline(effect, timeout=600)",
        )


def _as_raised(said: Mapping[str, Any], run: str) -> LabError:
    """The recorded failure as an error to raise, of its own kind where that is one of ours."""
    found: Any = getattr(errors, str(said.get("kind")), None)
    ours = isinstance(found, type) and issubclass(found, LabError)
    kind: type[LabError] = found if ours else EffectError
    hint = f"{said.get('hint', '')} lab.run({run!r}).effects() shows how it went.".strip()
    made = kind(str(said.get("message", "")), hint=hint)
    if isinstance(made, ApiFailed | ModelFailed):
        made.status = said.get("status")
    for cause in said.get("chain", ()):
        made.add_note(f"because of {cause['kind']}: {cause['message']}")
    return made
