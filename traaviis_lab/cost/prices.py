"""Which model costs what, for whom. What nobody told is unknown, which is not the same as free."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from traaviis_lab.errors import DefinitionError

from .number import plain_number
from .price import FREE, Price
from .price_sources import newer, packaged, snapshot

BARE = ("openai", "anthropic", "vertex_ai", "cohere_chat", "cohere", "bedrock")
"""Whose models litellm takes without their provider's name, in the order in which it looks."""


class Prices:
    """Prices by `provider/model`: what a person set, else what is listed.

    A price for one tenant goes before one for all. What is listed is read when it is first
    asked for, and names this package's snapshot, or litellm's map where that is newer.
    """

    def __init__(self) -> None:
        self._own: dict[tuple[str, str], Price] = {}
        self._listed: dict[str, Price] | None = None
        self._told: dict[tuple[str, str], Price | None] = {}
        self._listed_as: dict[str, str] = {"litellm": ""}

    def find(self, name: str, tenant: str = "") -> Price | None:
        """The price of a model, called `provider/model`, for a tenant; None: it is not known."""
        told = self._told  # another one as soon as any price is set, on whatever thread
        key = (name, tenant)
        if key not in told:
            if len(told) > 4096:
                told = self._told = {}
            told[key] = self._find(name, tenant)
        return told[key]

    def of_call(self, name: str, tenant: str, source: str) -> Price | None:
        """What a call costs whose provider is a `source`: models that do not answer over the
        network cost what a person set, else nothing."""
        if source == "live":
            return self.find(name, tenant)
        return self._own.get((name, tenant)) or self._own.get((name, "")) or FREE

    def set(
        self,
        name: str,
        *,
        input: float | None = None,
        output: float | None = None,
        tenant: str = "",
        **more: Any,
    ) -> Price:
        """Say what a model costs, in US dollars per million tokens; for one tenant or for all.

        Args:
            name: the model, `provider/model`.
            input: tokens read.
            output: tokens written.
            tenant: for whom; "": for all who have no price of their own.
            more: `cache_read`, `cache_write`, `reasoning`, `max_output`, `context`.

        What is not given is as it was before. A model that costs nothing is told so with
        `input=0, output=0`. Raises `DefinitionError` for what is no price.
        """
        _check_name(name)
        _check_tenant(tenant)
        known = self.find(name, tenant)
        told: dict[str, Any] = {"input": input, "output": output, **more}
        told = {one: plain_number(value) for one, value in told.items() if value is not None}
        odd = sorted(set(told) - set(_SET))
        if odd:
            raise DefinitionError(
                f"{name!r}: {', '.join(odd)} is no part of a price.", hint=f"One of: {_SET}."
            )
        whole = {"input", "output"} <= set(told)
        if known is None and not whole:
            raise DefinitionError(
                f"The price of {name!r} is not known, and only {sorted(told)} is said of it.",
                hint="Say both input= and output=, in US dollars per million tokens; 0 is free.",
            )
        source = "set in this lab" + (f" for {tenant}" if tenant else "")
        if known is None or whole:
            limits = {} if known is None else _limits(known)
            price = Price(**{**limits, **told}, source=source)
        else:
            price = replace(known, **told, source=source, as_of="", beyond=0, long=None)
        self._own[name, tenant] = price
        self._told = {}
        return price

    def forget(self, name: str, tenant: str = "") -> None:
        """Take back what `set` said."""
        self._own.pop((name, tenant), None)
        self._told = {}

    def list_as(self, provider: str, whose: str | None) -> None:
        """Have the models `provider/...` cost what is listed for the provider `whose`.

        "": it passes on, and a model is listed as it is called after it. None: as it is called.
        """
        rest = {one: was for one, was in self._listed_as.items() if one != provider}
        self._listed_as = rest if whose is None else {**rest, provider: whose}
        self._told = {}

    def own(self) -> dict[tuple[str, str], Price]:
        """What was set here, by model and tenant."""
        return dict(self._own)

    def listed(self) -> dict[str, Price]:
        """What is listed, by `provider/model`."""
        if self._listed is None:
            kept = snapshot()
            self._listed = {**packaged(kept), **newer(kept["version"])}
        return self._listed

    def _find(self, name: Any, tenant: Any) -> Price | None:
        _check_tenant(tenant)
        _check_text(name)
        for whose in dict.fromkeys((tenant, "")):
            if (own := self._own.get((name, whose))) is not None:
                return own
        listed = self.listed()
        provider, _, rest = name.partition("/")
        whose = self._listed_as.get(provider)
        if whose is None:
            return listed.get(name)
        names = [f"{whose}/{rest}"] if whose else [rest]
        if not whose and "/" not in rest:
            names += [f"{one}/{rest}" for one in BARE]
        return next((listed[one] for one in names if one in listed), None)


_SET = ("input", "output", "cache_read", "cache_write", "reasoning", "max_output", "context")


def _limits(price: Price) -> dict[str, Any]:
    return {"max_output": price.max_output, "context": price.context}


def _check_tenant(tenant: Any) -> None:
    if not isinstance(tenant, str):
        raise DefinitionError(f"tenant={tenant!r} is no tenant.", hint='tenant="acme"')


def _check_text(name: Any) -> None:
    if not isinstance(name, str):
        raise DefinitionError(
            f"{name!r} names no model.", hint='A model is called "provider/model".'
        )


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not all(name.partition("/")[::2]) or name != name.strip():
        raise DefinitionError(
            f"{name!r} names no model.", hint='A model is called "provider/model".'
        )
