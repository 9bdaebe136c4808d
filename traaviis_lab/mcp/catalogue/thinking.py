"""Tools that perform effects and ask models or agents, each as a run of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from traaviis_lab.effects import CallLlm, CoordinateAgents, EmbedText, InvokeAgent
from traaviis_lab.effects.thinking import MODES
from traaviis_lab.errors import LabError
from traaviis_lab.lab import Lab
from traaviis_lab.lab.pipeline import pipeline
from traaviis_lab.machine import Chart
from traaviis_lab.machine.effect import Effect
from traaviis_lab.mcp.call import Call
from traaviis_lab.mcp.lanes import aside

from . import shown
from .core import begin
from .costly import why_ask
from .specs import refuse
from .tool import Params, Tool, tool
from .waiting import LONGEST_WAIT, stop, to_end
from .workflow import handle

Wait = Annotated[
    float, Field(ge=0, le=LONGEST_WAIT, description="Seconds to wait; then a run to wait for.")
]
Text = Annotated[str, Field(min_length=1, max_length=500_000)]
Limit = Annotated[dict[str, float] | None, Field(description="At most usd, tokens, seconds.")]


def _chart(call: Call, effects: Any) -> Chart:
    """The chart that performs these, if all of it is allowed; made once in a call."""
    if "chart" not in call.kept:
        chart = pipeline(effects)
        refuse(chart.name, call.lab.guest_problems(chart, call.tenant))
        call.kept["chart"] = chart
    made: Chart = call.kept["chart"]
    return made


async def _performed(
    call: Call, effects: Any, data: Mapping[str, Any] | None, wait: float
) -> dict[str, Any]:
    """The run of a pipeline, when it ended or the waiting did; a call cancelled stops it."""
    run = await _begun(call, effects, data)
    await to_end(call, run, wait)
    told: dict[str, Any] = await aside(_answer, call, run)
    return told


async def _begun(call: Call, effects: Any, data: Mapping[str, Any] | None) -> Any:
    """The run of a pipeline; one whose call is cancelled while it begins is stopped too."""
    beginning = asyncio.ensure_future(aside(lambda: begin(call, _chart(call, effects), None, data)))
    try:
        return await asyncio.shield(beginning)
    except asyncio.CancelledError:
        with contextlib.suppress(LabError):
            await aside(stop, await beginning)
        raise


def _answer(call: Call, run: Any) -> dict[str, Any]:
    told = handle(call, run)
    data = run.snapshot.data
    kept = ("fsm_id", "state", "seq", "done", "working_on", "held", "spent", "stopped_by")
    short = {name: told[name] for name in kept if name in told}
    if run.done:
        # What was answered is why the call was made: it is not cut as other data is.
        short["result"] = shown.value(data.get("result"), 50_000, 200_000)
        short["error"] = shown.value(data.get("error"))
    return short


def _asks(made: Callable[[Any], tuple[Effect, dict[str, Any]]]) -> Callable[[Call, Any], str]:
    """Why a person must be asked before the effect that is made of a call's arguments."""

    def asks(call: Call, params: Any) -> str:
        effect, data = made(params)
        return why_ask(call, _chart(call, effect), data)

    return asks


def _performs(kind: str) -> Callable[[Lab], bool]:
    """Whether a lab performs effects of this kind."""
    return lambda lab: lab.performs(kind)


class ExecuteEffectPipeline(Params):
    """What `execute_effect_pipeline` takes."""

    effects: Annotated[
        dict[str, Any] | list[dict[str, Any]],
        Field(description="An effect ({kind: ...}), or a list: one after the other."),
    ]
    data: Annotated[dict[str, Any] | None, Field(description="What templates find in data.")] = None
    wait_seconds: Wait = 30.0


def _asks_pipeline(call: Call, params: ExecuteEffectPipeline) -> str:
    return why_ask(call, _chart(call, params.effects), params.data)


@tool("workflow", "write", quotes=True, asks=_asks_pipeline, open_world=True)
async def execute_effect_pipeline(call: Call, params: ExecuteEffectPipeline) -> Mapping[str, Any]:
    """Perform effects without a machine. Answers result or error, or a run if it takes longer."""
    return await _performed(call, params.effects, params.data, params.wait_seconds)


class CallLlmParams(Params):
    """What `call_llm` takes."""

    prompt: Text
    model: Annotated[str, Field(description="provider/model; absent: the usual one.")] = ""
    system: str = ""
    answer_schema: Annotated[
        dict[str, Any] | None, Field(description="JSON Schema the answer must fit.")
    ] = None
    max_tokens: Annotated[int, Field(ge=0, le=100_000)] = 0
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    labels: Annotated[tuple[str, ...], Field(description="What the data is, for policies.")] = ()
    wait_seconds: Wait = LONGEST_WAIT


def _llm(params: CallLlmParams) -> tuple[CallLlm, dict[str, Any]]:
    """The effect, and its texts as data: what an agent writes is no template."""
    effect = CallLlm(
        model=_plain("model", params.model),
        prompt="{{ data.prompt }}",
        system="{{ data.system }}" if params.system else "",
        schema=params.answer_schema or {},
        max_tokens=params.max_tokens,
        temperature=params.temperature,
        labels=params.labels,
    )
    return effect, {"prompt": params.prompt, "system": params.system}


def _plain(name: str, text: str) -> str:
    if "{{" in text:
        raise LabError(f"{name}={text!r} holds a template.", hint="Write it out.")
    return text


@tool("workflow", "write", quotes=True, asks=_asks(_llm), open_world=True)
async def call_llm(call: Call, params: CallLlmParams) -> Mapping[str, Any]:
    """Ask a model of this lab, within its budgets and policies; recorded as a run."""
    return await _performed(call, *_llm(params), params.wait_seconds)


class EmbedTextParams(Params):
    """What `embed_text` takes."""

    texts: Annotated[list[Text], Field(min_length=1, max_length=16)]
    model: Literal["char-tfidf", "minilm"] = "char-tfidf"


@tool("workflow", "write", quotes=True)
async def embed_text(call: Call, params: EmbedTextParams) -> Mapping[str, Any]:
    """Turn texts into vectors, in this process."""
    effect = EmbedText(params.model, texts="{{ data.texts }}")
    told = await _performed(call, effect, {"texts": params.texts}, LONGEST_WAIT)
    if told.pop("result", None) is not None:
        vectors = call.live(told["fsm_id"]).snapshot.data["result"]
        told |= {"dimensions": len(vectors[0]), "vectors": vectors}
    return told


class SpawnAgent(Params):
    """What `spawn_agent` takes."""

    agent: Annotated[str, Field(min_length=1, max_length=200)]
    task: Text
    max_steps: Annotated[int, Field(ge=1, le=1_000)] = 20
    budget: Limit = None
    wait_seconds: Wait = 0.0


def _agent(params: SpawnAgent) -> tuple[InvokeAgent, dict[str, Any]]:
    effect = InvokeAgent(
        _plain("agent", params.agent),
        "{{ data.task }}",
        max_steps=params.max_steps,
        budget=params.budget or {},
    )
    return effect, {"task": params.task}


@tool(
    "workflow", "write", quotes=True, asks=_asks(_agent), available=_performs("invoke_agent"),
    open_world=True, title="Spawn an agent",
)  # fmt: skip
async def spawn_agent(call: Call, params: SpawnAgent) -> Mapping[str, Any]:
    """Give an agent of this lab a task. Answers a run to wait for."""
    return await _performed(call, *_agent(params), params.wait_seconds)


class CoordinateAgentsParams(Params):
    """What `coordinate_agents` takes."""

    agents: Annotated[list[str], Field(min_length=1, max_length=20)]
    task: Text
    mode: Literal["sequential", "parallel", "debate", "vote", "supervisor"] = "sequential"
    rounds: Annotated[int, Field(ge=1, le=100)] = 1
    budget: Limit = None
    wait_seconds: Wait = 0.0


def _agents(params: CoordinateAgentsParams) -> tuple[CoordinateAgents, dict[str, Any]]:
    assert params.mode in MODES
    effect = CoordinateAgents(
        [_plain("agents", one) for one in params.agents],
        "{{ data.task }}",
        mode=params.mode,
        rounds=params.rounds,
        budget=params.budget or {},
    )
    return effect, {"task": params.task}


@tool(
    "workflow", "write", quotes=True, asks=_asks(_agents), available=_performs("coordinate_agents"),
    open_world=True,
)  # fmt: skip
async def coordinate_agents(call: Call, params: CoordinateAgentsParams) -> Mapping[str, Any]:
    """Give several agents of this lab one task. Answers a run to wait for."""
    return await _performed(call, *_agents(params), params.wait_seconds)


TOOLS: tuple[Tool, ...] = (
    execute_effect_pipeline,
    call_llm,
    embed_text,
    spawn_agent,
    coordinate_agents,
)
