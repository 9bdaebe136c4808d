"""Perform `call_llm`: one question to a model, and more where its answer does not fit."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

from traaviis_lab.effects import CallLlm
from traaviis_lab.errors import AnswerUnfit
from traaviis_lab.models import Answer, Request
from traaviis_lab.runtime.asking.ask import ask
from traaviis_lab.runtime.asking.schema_door import Check, checker
from traaviis_lab.runtime.asking.structured import (
    excerpt,
    read_object,
    repair_text,
)
from traaviis_lab.runtime.asking.toolbox import names_by_wire, tools_of
from traaviis_lab.runtime.interpreter import Scope


async def call_llm(effect: CallLlm, scope: Scope) -> Any:
    """The answer's text; with `schema` the object; with `tools` `{text, tool_calls}`.

    Raises `AnswerUnfit` for an answer that does not fit the schema, also after repairs, what
    `ask` raises, and `NoHandler` for a tool that nobody registered.
    """
    await scope.engine.tools.learn(effect.tools or ())
    request = request_of(effect, scope)
    if effect.schema:
        return await object_answered(effect, scope, request)
    answer = await _asked(effect, scope, request)
    return _with_tools(answer, effect) if effect.tools else answer.text


def request_of(effect: CallLlm, scope: Scope) -> Request:
    """What the effect asks, as a request to whichever model."""
    said: list[dict[str, Any]] = [dict(one) for one in effect.messages or ()]
    if effect.prompt:
        said = [{"role": "user", "content": effect.prompt}]
    if effect.system:
        said = [{"role": "system", "content": effect.system}, *said]
    return Request(
        "",
        tuple(said),
        tools_of(effect.tools, scope.engine.functions, scope.engine.tools) if effect.tools else (),
        effect.schema,
        int(effect.max_tokens),
        effect.temperature,
        tuple(effect.stop),
        effect.seed,
        float(effect.timeout),
    )


async def object_answered(effect: CallLlm, scope: Scope, request: Request) -> Any:
    """The object that fits the schema; the model is told what does not, so often as it may be."""
    check = await checker(effect.schema)
    answer = await _asked(effect, scope, request)
    for left in range(effect.repairs, -1, -1):
        if answer.tool_calls and effect.tools:
            return {**_with_tools(answer, effect), "value": None}
        value, problems = judged(answer, check)
        if not problems:
            return {**_with_tools(answer, effect), "value": value} if effect.tools else value
        if answer.finish in ("length", "content_filter") or not left:
            break
        told = (
            *request.messages,
            {"role": "assistant", "content": answer.text},
            {"role": "user", "content": repair_text(problems)},
        )
        request = replace(request, messages=told)
        answer = await _asked(effect, scope, request, "repair")
    raise _unfit(effect, answer, problems)


def judged(answer: Answer, check: Check) -> tuple[Any, list[str]]:
    """The object in an answer, and what does not fit."""
    return read_object(answer.text, check)


def _unfit(effect: CallLlm, answer: Answer, problems: list[str]) -> AnswerUnfit:
    who = answer.model or effect.model or "The model"
    hint = "Ask for less at a time, allow more repairs, or a larger model."
    why = "; ".join(problems)
    if answer.finish == "length":
        why = f"it was cut off by the limit of tokens. {why}"
        hint = "Allow more with max_tokens=..., or ask for less."
    elif answer.finish == "content_filter":
        why = f"its provider held it back. {why}"
    return AnswerUnfit(
        f"{who}: the answer does not fit the schema: {why} It began {excerpt(answer.text)}.",
        hint=hint,
    )


def _asked(effect: CallLlm, scope: Scope, request: Request, purpose: str = "") -> Awaitable[Answer]:
    return ask(
        scope,
        request,
        model=effect.model,
        labels=effect.labels,
        stream=effect.stream,
        purpose=purpose,
    )


def _with_tools(answer: Answer, effect: CallLlm) -> dict[str, Any]:
    named = names_by_wire(effect.tools)
    calls = [
        {"id": one.get("id", ""), "name": named.get(name, name), "args": one.get("args", {})}
        for one in answer.tool_calls
        for name in [one.get("name", "")]
    ]
    return {"text": answer.text, "tool_calls": calls}
