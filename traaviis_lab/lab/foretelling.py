"""Tell a walk through a chart what its effects take: counted, foreseen, or not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from traaviis_lab.cost.answering import Prior, prior_for
from traaviis_lab.cost.foreseen import CallEstimate, Spread
from traaviis_lab.cost.learned import Asked, Learned
from traaviis_lab.cost.price import Price
from traaviis_lab.cost.walking.leaves import CallTold, LeafTold
from traaviis_lab.cost.walking.odds import Odds
from traaviis_lab.effects import CallLlm, RagPipeline, ValidateQuality
from traaviis_lab.errors import LabError, ModelFailed
from traaviis_lab.machine import Chart
from traaviis_lab.machine.effect import Effect
from traaviis_lab.models import Count, Request
from traaviis_lab.runtime.asking.foresight import longest_answer
from traaviis_lab.runtime.handlers.call_llm import request_of
from traaviis_lab.runtime.handlers.validate_quality import SCORE

if TYPE_CHECKING:
    from traaviis_lab.runtime import Engine

T = TypeVar("T")
PASSAGE = 250
"""Tokens of a passage from a body of knowledge, as a rule."""
JUDGED = 250
"""Tokens of a text that is judged, and of what the judge is told, as a rule."""
BYTES_A_TOKEN = 4
PURPOSES = ("repair", "rerank", "judge", "answer")
QUIET = ("put_data", "log", "get_data", "embed_text", "vector_search", "send_event", "permit")
"""Kinds that take next to no time, or whose time is not worth a remark."""


class _Asks:
    """What a request is made with where there is no run."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine


class Foreteller:
    """Tells what effects take, for one tenant.

    Args:
        engine: whose models, prices and memories are asked.
        on_loop: has work done on the engine's loop, where models count.
        learned: what calls were like.
        odds: how often what happened, by machine.
        tenant: for whom.
    """

    def __init__(
        self,
        engine: Engine,
        on_loop: Callable[[Callable[[], Any]], Any],
        learned: Learned,
        odds: Mapping[str, Odds],
        tenant: str,
    ) -> None:
        self._engine, self._on_loop, self._learned = engine, on_loop, learned
        self._odds, self._tenant = odds, tenant
        self._known: dict[tuple[str, bytes | None], LeafTold] = {}
        self._same: dict[str, tuple[Effect, bool, LeafTold]] = {}

    def machine(self, name: str) -> Chart | None:
        """A machine that the lab knows."""
        return self._engine.machine(name, self._tenant)

    def leaf(self, node: str, owner: str, effect: Effect, filled: bool) -> LeafTold:
        """What this effect takes."""
        same = self._same.get(node)
        if same is not None and same[1] == filled and (not filled or same[0] == effect):
            return same[2]
        key = (node, _fingerprint(effect) if filled else None)
        if key not in self._known:
            self._known[key] = self._told(node, owner, effect, filled)
        self._same[node] = (effect, filled, self._known[key])
        return self._known[key]

    def _told(self, node: str, owner: str, effect: Any, filled: bool) -> LeafTold:
        odds = self._odds.get(node.partition("/")[0]) or Odds()
        ends = odds.ended(owner, effect.kind)
        if _asks_a_model(effect):
            calls, unknown = self._calls(node, effect, filled, odds)
            tries = 1 + (effect.repairs if isinstance(effect, CallLlm) and effect.schema else 0)
            limit = _seconds(getattr(effect, "timeout", 120.0))
            return LeafTold(
                calls, failing=ends.failing, most_calls=max(tries, len(calls)),
                unknown=unknown, endless=not calls, limit=limit,
            )  # fmt: skip
        spends = effect.kind in ("invoke_agent", "coordinate_agents")
        if ends.seconds is not None:
            count = ends.completed + ends.failed
            return LeafTold(
                (), ends.seconds, ends.failing, why=f"{count} time{'s' * (count != 1)} before",
                unknown=f"What {effect.kind} spends is not known." if spends else "",
                endless=spends, limit=_seconds(getattr(effect, "timeout", None)),
            )  # fmt: skip
        if effect.kind in QUIET:
            return LeafTold()
        where = f" in {owner}" if owner else ""
        more = ", and what it spends," if spends else ""
        return LeafTold(
            unknown=f"How long {effect.kind}{where} takes{more} is not known yet.",
            endless=spends,
            limit=_seconds(getattr(effect, "timeout", None)),
        )

    def _calls(
        self, node: str, effect: Any, filled: bool, odds: Odds
    ) -> tuple[tuple[CallTold, ...], str]:
        """The calls of models that an effect makes, and what is not known of them."""
        try:
            name, count, price, request = self._routed(effect, filled)
        except LabError as error:
            return (), f"{node}: {error.message}"
        mains = odds.calls.get(node, 0)
        told = []
        unknown = ""
        for purpose in ("", *PURPOSES):
            place = f"{node}:{purpose}" if purpose else node
            times = odds.calls.get(place, 0)
            if purpose and not times:
                continue
            if not purpose and not times and any(odds.calls.get(f"{node}:{p}") for p in PURPOSES):
                continue  # it is known to ask only for other purposes
            rate = times / mains if purpose and mains else 1.0
            counted = count if not purpose else None
            estimate, gap = self._foreseen(place, name, counted, request, price)
            unknown = unknown or gap
            told.append(CallTold(place, name, rate, estimate))
        return tuple(told), unknown

    def _routed(self, effect: Any, filled: bool) -> tuple[str, Count | None, Price | None, Request]:
        """Whom it asks, and how many tokens the prompt has where it can be filled in."""
        models = self._engine.models
        labels = getattr(effect, "labels", ())
        named = "" if "{{" in effect.model else effect.model
        request, whole = self._request(effect)

        def work() -> tuple[str, Count | None, str]:
            route = models.route(named, self._tenant, labels)
            asked = replace(request, model=route.model)
            count = route.provider.count(asked) if filled and whole else None
            return route.name, count, route.provider.source

        try:
            name, count, source = self._on_loop(work)
        except ModelFailed:  # nobody answers for it here: its price may be known all the same
            if not (named or models.default):
                raise
            name, count, source = models.aliases.meaning(named or models.default), None, "live"
            if filled and whole:
                count = _guessed(request)
        return name, count, self._engine.prices.of_call(name, self._tenant, source), request

    def _request(self, effect: Any) -> tuple[Request, bool]:
        """The request, and whether it is the whole one."""
        if isinstance(effect, CallLlm):
            asks: Any = _Asks(self._engine)
            try:
                return request_of(effect, asks), True
            except (LabError, TypeError, ValueError):
                return Request("", (), schema=effect.schema), False
        if isinstance(effect, ValidateQuality):
            return Request("", (), schema=SCORE, max_tokens=500), False
        return Request("", (), max_tokens=getattr(effect, "max_tokens", 0) or 0), False

    def _foreseen(
        self, node: str, name: str, count: Count | None, request: Request, price: Price | None
    ) -> tuple[CallEstimate, str]:
        most = request.max_tokens or longest_answer(price, count)
        prior = prior_for(request.schema, bool(request.tools))
        if count is not None:
            how = f"counted ({count.how})"
            asked = Asked(count.tokens, count.most, count.exact, most, prior, how)
            return self._learned.foresee(node, name, asked, price), ""
        return self._by_memory(node, name, request, (most, prior), price)

    def _by_memory(
        self, node: str, name: str, request: Request, bounds: tuple[int | None, Prior],
        price: Price | None,
    ) -> tuple[CallEstimate, str]:  # fmt: skip
        """A call whose prompt is not known yet: as long as those before it."""
        context = None if price is None else price.context
        read = self._learned.prompt(node, name)
        gap = ""
        if read is None:
            size = _size(request) or (JUDGED if request.schema else 5 * PASSAGE)
            read = Spread(size, 2.0 * size, None, 1.2 * size)
            gap = f"How long the prompt at {node} is, is a guess: what fills it in is not known."
        read = read._replace(most=context)
        asked = Asked(round(read.p50), context, True, bounds[0], bounds[1],
                      "as before" if not gap else "a guess")  # fmt: skip
        low, high, mean = (
            self._learned.foresee(node, name, asked._replace(counted=round(size)), price)
            for size in (read.p50, read.p90, read.expected)
        )
        usd = None
        if low.usd is not None and high.usd is not None and mean.usd is not None and price:
            said = low.tokens_out.most
            bounded = context is not None and said is not None
            dear = price.worst(context or 0, round(said or 0)) if bounded else None
            usd = Spread(low.usd.p50, high.usd.p90, dear, mean.usd.expected)
        return replace(low, tokens_in=read, usd=usd), gap


def _asks_a_model(effect: Any) -> bool:
    if isinstance(effect, ValidateQuality):
        return not effect.function
    return isinstance(effect, CallLlm | RagPipeline)


def _fingerprint(effect: Effect) -> bytes:
    return orjson.dumps(effect.to_spec(), default=str)


def _size(request: Request) -> int:
    """Tokens of what is known of a request, by its bytes."""
    said = sum(len(str(one.get("content", "")).encode()) for one in request.messages)
    return said // BYTES_A_TOKEN


def _guessed(request: Request) -> Count:
    size = _size(request) + 4 * len(request.messages)
    return Count(size, BYTES_A_TOKEN * size + 64, False, "bytes; its provider is not here")


def _seconds(value: Any) -> float | None:
    return float(value) if type(value) in (int, float) else None
