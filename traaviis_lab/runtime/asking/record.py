"""What one call of a model came to, and the fact `model.called` that says so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import orjson

from traaviis_lab.cost import Usage
from traaviis_lab.cost.price import FREE, Price
from traaviis_lab.errors import (
    BudgetExceeded,
    CassetteMiss,
    DefinitionError,
    ModelFailed,
    NotInstalled,
    PermissionDenied,
)
from traaviis_lab.journal.encode import trimmed
from traaviis_lab.models import Answer, Count, Request, Route
from traaviis_lab.runtime.troubles import error_json

if TYPE_CHECKING:
    from traaviis_lab.runtime.interpreter import Scope
    from traaviis_lab.runtime.spending import Reservation

_NEVER_SENT = (BudgetExceeded, CassetteMiss, DefinitionError, NotInstalled, PermissionDenied)
_SET_HERE = "set in this lab"
MOST_TOKENS = 10**12
"""A provider that tells of more than this, or of less than none, tells nothing."""
_KINDS: Mapping[str, Any] = {
    "text": str, "model": str, "finish": str, "provenance": Mapping, "tool_calls": tuple | list,
}  # fmt: skip
_parts = attrgetter(*_KINDS)
MOST_USD = 10**9
"""And one that says of a single call that it cost more than this."""


@dataclass(eq=False)
class Call:
    """A call under way, and what is known of it so far.

    `usage_most` and `usd_most` are what a budget is charged: what was told, else the most that
    it can have been; None where nothing bounds it. `first` is the first fact of the effect, for
    what is written when that is over already. What is not known yet stands in the class, so
    that beginning a call sets only what is.
    """

    scope: Scope
    route: Route
    request: Request
    count: Count
    price: Price | None
    purpose: str
    asked: str
    first: int = field(default=0, init=False)
    node: str = field(default="", init=False)
    estimate: Any = field(default=None, init=False)
    reservation: Reservation | None = field(default=None, init=False)
    streamed: bool = field(default=False, init=False)
    began: float = field(default=0.0, init=False)
    seconds: float = field(default=0.0, init=False)
    source: str = field(default="", init=False)
    usage: Usage | None = field(default=None, init=False)
    usage_most: Usage | None = field(default=None, init=False)
    usage_counted: bool = field(default=False, init=False)
    usd: float | None = field(default=None, init=False)
    usd_most: float | None = field(default=None, init=False)
    how: str = field(default="unknown", init=False)


def was_sent(error: BaseException) -> bool:
    """Whether a call that failed with this may have reached its model."""
    usual = bool(getattr(error, "answered", 0)) or not isinstance(error, _NEVER_SENT)
    return bool(getattr(error, "sent", usual))


def checked(answer: Any, name: str) -> Answer:
    """The answer of a provider, if it is one that can be used. Raises `ModelFailed`."""
    why = f"its provider answered {type(answer).__name__}, not an Answer"
    if isinstance(answer, Answer):
        wrong = _odd_part(answer)
        if not wrong:
            return answer
        why = f"the {wrong} of its answer cannot be used"
    raise ModelFailed(
        f"{name}: {why}.", hint="A provider's `complete` returns traaviis_lab.models.Answer."
    )


def counted(count: Any, name: str) -> Count:
    """What a provider counted, if it is a count. Raises `ModelFailed`."""
    if isinstance(count, Count) and _are_counts((count.tokens, count.most, count.longest or 0)):
        return count if count.most >= count.tokens else count._replace(most=count.tokens)
    raise ModelFailed(
        f"{name}: its provider counts {count!r}, which is no count of tokens.",
        hint="A provider's `count` returns traaviis_lab.models.Count.",
    )


def _odd_part(answer: Answer) -> str:
    """The first part of an answer that is not of its kind; "" where all are."""
    if not all(map(isinstance, _parts(answer), _KINDS.values())):
        return next(n for n, kinds in _KINDS.items() if not isinstance(getattr(answer, n), kinds))
    calls = answer.tool_calls
    return "" if not calls or all(isinstance(one, Mapping) for one in calls) else "tool_calls"


def _are_counts(amounts: Sequence[Any]) -> bool:
    are_whole = set(map(type, amounts)) == {int}
    return are_whole and min(amounts) >= 0 and max(amounts) <= MOST_TOKENS


def _is_told(answer: Answer) -> bool:
    """Whether the usage that a provider tells can be: no tokens for a text are none told."""
    usage: Any = answer.usage
    if not isinstance(usage, Usage) or not _are_counts(usage):
        return False
    if usage.cache_read + usage.cache_write > usage.tokens_in:
        return False
    if usage.reasoning > usage.tokens_out:
        return False
    return usage.tokens_out > 0 or not (answer.text or answer.tool_calls)


def _told_cost(answer: Answer) -> float | None:
    """What a provider says that its answer cost; None where it says nothing that can be."""
    told: Any = answer.cost_usd
    return float(told) if type(told) in (int, float) and 0 <= told <= MOST_USD else None


def spent_on(call: Call, answer: Answer | None, error: BaseException | None) -> None:
    """Work out what the call used and what it cost."""
    call.source = call.route.provider.source
    if answer is None:
        status = None if getattr(error, "answered", 0) else getattr(error, "status", None)
        if call.source != "live":
            call.usd = call.usd_most = 0.0
            call.how = "free"
            _price_own(call, None)
        elif status is not None and 300 <= status < 500:  # refused: nothing was answered
            call.usage_most, call.usd, call.usd_most = Usage(), 0.0, 0.0
            call.how = "refused by the provider"
        return
    call.source = str(answer.provenance.get("source") or call.source)
    call.usage = call.usage_most = answer.usage
    if not _is_told(answer):
        _count_usage(call, answer)
    _price_own(call, answer)


def _count_usage(call: Call, answer: Answer) -> None:
    """The provider tells no usage: both sides are counted, for budgets at their most."""
    said = answer.text + "".join(str(one.get("args", "")) for one in answer.tool_calls)
    message = {"role": "assistant", "content": said}
    try:
        written = call.route.provider.count(Request(call.request.model, (message,)))
    except Exception:  # whoever answers may still be unable to count
        written = Count(len(said.encode(errors="replace")), len(said.encode(errors="replace")),
                        False, "bytes")  # fmt: skip
    call.usage = Usage(call.count.tokens, written.tokens)
    call.usage_most = Usage(call.count.most, written.most)
    call.usage_counted = True


def _price_own(call: Call, answer: Answer | None) -> None:
    """What it cost: as the person's own price says, else as told, else as listed."""
    price, usage, most = call.price, call.usage, call.usage_most
    if call.source == "recorded":
        call.usd = call.usd_most = 0.0
        call.how = "recorded"
        return
    if answer is None or usage is None or most is None:
        return
    if price is FREE and call.source == "live":  # it was to be answered in this process
        price = None
    told = _told_cost(answer)
    own = price is not None and price.source.startswith(_SET_HERE)
    if told is not None and not own:
        call.usd = call.usd_most = told
        call.how = "told"
    elif price is not None:
        call.usd = price.cost(usage)
        call.usd_most = call.usd if usage is most else price.worst(most.tokens_in, most.tokens_out)
        call.how = "free" if price.is_zero else "priced"


def write_down(call: Call, answer: Answer | None, error: BaseException | None) -> None:
    """The fact `model.called`."""
    scope, usage = call.scope, call.usage
    scope.run.tell(
        scope.path,
        "model.called",
        call.route.name,
        _text(scope.clear({"path": scope.path, **_body(call, answer, error)})),
        late=call.first,
        model=call.route.name,
        tokens_in=None if usage is None else usage.tokens_in,
        tokens_out=None if usage is None else usage.tokens_out,
        cost_usd=call.usd,
        duration_us=round(call.seconds * 1e6),
    )


def _body(call: Call, answer: Answer | None, error: BaseException | None) -> dict[str, Any]:
    usage = call.usage
    body: dict[str, Any] = {
        "node": call.node,
        "purpose": call.purpose,
        "asked": call.asked,
        "answered": answer.model if answer is not None else "",
        "source": call.source,
        "finish": answer.finish if answer is not None else "",
        "usage": usage.to_json() if usage is not None else None,
        "cost": _cost(call, answer),
        "count": {"tokens": call.count.tokens, "most": call.count.most,
                  "exact": call.count.exact, "how": call.count.how},
        "estimate": None if call.estimate is None else call.estimate.to_json(),
        "reserved": None if call.reservation is None else call.reservation.to_json(),
        "provenance": dict(answer.provenance) if answer is not None else {},
    }  # fmt: skip
    if call.request.temperature is not None:
        body["temperature"] = call.request.temperature
    if call.request.max_tokens:
        body["max_tokens"] = call.request.max_tokens
    if call.usage_counted:
        body["usage_counted"] = True
    if call.streamed:
        body["streamed"] = True
    if error is not None:
        body["error"] = _error(error)
    return body


def _text(body: dict[str, Any]) -> bytes:
    """The body as JSON, whatever a provider says of itself."""
    try:
        return trimmed(orjson.dumps(body))
    except TypeError:
        plain = {**body, "provenance": {"source": body["source"]}, "answered": ""}
        return trimmed(orjson.dumps(plain, default=repr))


def _cost(call: Call, answer: Answer | None) -> dict[str, Any]:
    said: dict[str, Any] = {"usd": call.usd, "how": call.how}
    if call.how == "priced" and call.price is not None:
        said["source"] = call.price.source
    if call.how == "recorded" and answer is not None:
        said["recorded_usd"] = answer.provenance.get("cost_usd", answer.cost_usd)
    return said


def _error(error: BaseException) -> dict[str, Any]:
    if isinstance(error, asyncio.CancelledError):
        said = str(error) or "Nobody waits for the answer any more."
        return {"kind": "Cancelled", "message": said, "hint": ""}
    return error_json(error)
