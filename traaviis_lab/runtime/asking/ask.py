"""Ask a model, for whoever asks one: by policy, foreseen, within budgets, and written down."""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from traaviis_lab.cost.price import FREE, Price
from traaviis_lab.errors import EffectTimeout, LabError, PermissionDenied
from traaviis_lab.models import Answer, Request, Route
from traaviis_lab.runtime.spending import Need, Reservation, Spent

from .foresight import longest_answer
from .node import node_of
from .record import Call, checked, counted, spent_on, was_sent, write_down
from .streamed import streamed

if TYPE_CHECKING:
    from traaviis_lab.runtime.engine import Engine
    from traaviis_lab.runtime.interpreter import Scope
    from traaviis_lab.runtime.run import Run

_LOGGER = logging.getLogger("traaviis_lab")
LET_GO = "Its run was let go while the answer was awaited; it is asked again when that is resumed."


async def ask(
    scope: Scope,
    request: Request,
    *,
    model: str,
    labels: Collection[str] = (),
    stream: bool | None = None,
    purpose: str = "",
) -> Answer:
    """What the model answers, after a fact `model.called` says what that took.

    Args:
        scope: the effect that asks.
        request: what is asked; its `model` is filled in here.
        model: the model as the effect names it; "": the lab's usual one.
        labels: what the data is, for policies.
        stream: whether news of the effect shows the answer as it is written; None: as the
            provider is used to.
        purpose: what this call is for, where it is not the effect's main one.

    Raises `ModelFailed`, `EffectTimeout`, `PermissionDenied` by policy or for a secret in what is
    asked, and `BudgetExceeded`. A call that was sent and failed is written down too.
    """
    engine, run = scope.engine, scope.run
    if engine.secrets.known:
        check_no_secret(engine, request)
    scope.secrets.mistrust()  # also of a key that becomes known by being used
    route = engine.models.route(model, run.tenant, labels)
    request = request.but(model=route.model, key=_key(scope, request, purpose))
    await route.provider.ready(request)
    if not engine.foresight.is_ready:
        await engine.foresight.ready()
    recorded = route.provider.is_recorded(request)  # and stays so: nothing waits until it is taken
    price = FREE if recorded else _price(engine, route, run.tenant)
    count = counted(route.provider.count(request), route.name)
    call = Call(scope, route, request, count, price, purpose, model)
    _foresee(engine, call)
    if engine.spending.is_watched and not recorded:
        await _reserve(engine, call)
        while (now := _price(engine, route, run.tenant)) != call.price:  # set while it waited
            engine.spending.release(scope, call.reservation)
            call.price, call.request, call.reservation = now, request, None
            await _reserve(engine, call)
    live = route.provider.streams if stream is None else stream
    return await _made(call, live, shown_at_once=stream is True)


def check_no_secret(engine: Engine, request: Request) -> None:
    """Raise `PermissionDenied` where what is asked holds a secret of the lab."""
    name = engine.secrets.named_in((request.messages, request.tools, request.schema, request.stop))
    if name:
        raise PermissionDenied(
            f"The secret {name!r} stands in what a model was to be asked; nothing was sent.",
            hint="Leave it out of prompts and of the run's data; call_api is handed secrets "
            "by name.",
        )


async def _made(call: Call, live: bool, shown_at_once: bool) -> Answer:
    """Make the call; whatever comes of it is settled and written down."""
    provider, request = call.route.provider, call.request
    call.began = time.perf_counter()
    call.scope.engine.asked.add(call)
    try:
        async with asyncio.timeout(request.timeout) as limit:
            if live:
                call.streamed = True
                answer: Any = await streamed(call.scope, provider, request, shown_at_once)
            else:
                answer = await provider.complete(request)
    except asyncio.CancelledError as error:
        _over(call, None, error)
        raise
    except TimeoutError as error:
        late = _too_late(call) if limit.expired() else error
        _over(call, None, late)
        raise late from None
    except BaseException as error:
        _over(call, None, error)
        raise
    try:
        made = _cleared(checked(answer, call.route.name), call.scope)
    except Exception as odd:
        _over(call, None, odd)
        raise
    _over(call, made, None)
    return made


def _cleared(answer: Answer, scope: Scope) -> Answer:
    """The answer without secrets, before anybody cuts it: half of one would not be found."""
    if not scope.uses_secrets:
        return answer
    calls = tuple(scope.clear(dict(one)) for one in answer.tool_calls)
    return replace(answer, text=scope.clear(answer.text), tool_calls=calls)


def cut(engine: Engine, run: Run) -> None:
    """Write down what a run has sent and not heard of: it is about to be let go, and its calls
    are made again when it is resumed."""
    for call in [one for one in engine.asked if one.scope.run is run]:
        try:
            _over(call, None, asyncio.CancelledError(LET_GO))
        except LabError as error:  # a run can be let go all the same
            _LOGGER.warning("the call of %s is not written down: %s", call.route.name, error)


def _over(call: Call, answer: Answer | None, error: BaseException | None) -> None:
    """Settle what was set aside, learn from the call, write it down; once, and at once."""
    engine, scope = call.scope.engine, call.scope
    if call not in engine.asked:
        return
    engine.asked.discard(call)
    call.seconds = time.perf_counter() - call.began
    if error is not None and not was_sent(error):
        engine.spending.release(scope, call.reservation)
        return
    spent_on(call, answer, error)
    if call.source == "recorded":  # by now another has recorded it
        engine.spending.release(scope, call.reservation)
    elif engine.spending.is_watched or call.reservation is not None:
        most = call.usage_most
        tokens = None if most is None else most.tokens_in + most.tokens_out
        spent = Spent(tokens, call.usd_most, call.seconds, 1)
        engine.spending.settle(scope, call.reservation, spent)
    if answer is not None and call.usage is not None:
        seconds = None if call.source == "recorded" else call.seconds
        engine.foresight.learn(call.node, call.route.name, call.usage, seconds, call.count.tokens)
    write_down(call, answer, error)


def _foresee(engine: Engine, call: Call) -> None:
    run, path = call.scope.run, call.scope.path
    pending = run.pending.get(path)
    if pending is not None:
        call.first = pending.seq
    node = node_of(run, path, pending)
    call.node = f"{node}:{call.purpose}" if call.purpose else node
    call.estimate = engine.foresight.call(
        node=call.node,
        model=call.route.name,
        tenant=run.tenant,
        count=call.count,
        request=call.request,
        price=call.price,
    )


async def _reserve(engine: Engine, call: Call) -> None:
    """Set aside the most that the call may take, and hold the call to that."""
    request, count, price = call.request, call.count, call.price
    most_out = request.max_tokens or longest_answer(price, count)
    tokens = None if most_out is None else count.most + most_out
    usd = None
    if price is not None and price.is_zero:
        usd = 0.0
    elif price is not None and most_out is not None:
        usd = price.worst(count.most, most_out)
    need = Need(call.route.name, tokens, usd, request.timeout, call.node, price is not None)
    found: Reservation | None = await engine.spending.reserve(call.scope, need)
    call.reservation = found
    if found is None:
        return
    held = {"tokens", "usd"} & set(found.amounts)
    if held and not request.max_tokens and most_out is not None:
        call.request = call.request.but(max_tokens=most_out)
    if found.seconds is not None:
        call.request = call.request.but(timeout=min(request.timeout, found.seconds))


def _price(engine: Engine, route: Route, tenant: str) -> Price | None:
    """What the model costs; what answers in this process costs what a person said, else nothing."""
    return engine.prices.of_call(route.name, tenant, route.provider.source)


def _key(scope: Scope, request: Request, purpose: str) -> str:
    """The idempotency key: the effect's, and for each further call one of its own."""
    if not purpose:
        return scope.key
    said = repr(request.messages).encode("utf-8", "replace")
    return f"{scope.key}/{purpose}/{zlib.crc32(said):08x}"


def _too_late(call: Call) -> LabError:
    return EffectTimeout(
        f"{call.route.name} did not answer within {call.request.timeout:g} s.",
        hint="timeout='5m' waits longer; fx.retry(...) asks again.",
    )
