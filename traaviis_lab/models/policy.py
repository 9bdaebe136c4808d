"""Which models may see which data: rules per tenant and per data label, all of which must agree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from traaviis_lab.errors import DefinitionError

_LISTS = ("providers", "models", "regions")


@dataclass(frozen=True, slots=True)
class Policy:
    """What is allowed. A list that is left out allows all; patterns are those of file names.

    Args:
        providers: the names of providers: `local`, `open*`.
        models: whole names of models: `openai/gpt-4o*`, `local/*`.
        regions: where a provider may compute: `eu-*`. One whose region nobody told is refused.
        air_gapped: only what answers within this process or was recorded.
        on_prem_only: only providers that were added as being in the house.

    The last three and `regions` are about where data goes: what answers within this process, or
    from a recording, sends it nowhere.
    """

    providers: Collection[str] = ()
    models: Collection[str] = ()
    regions: Collection[str] = ()
    air_gapped: bool = False
    on_prem_only: bool = False

    def __post_init__(self) -> None:
        for name in _LISTS:
            object.__setattr__(self, name, _patterns(name, getattr(self, name)))
        for name in ("air_gapped", "on_prem_only"):
            if not isinstance(getattr(self, name), bool):
                raise DefinitionError(
                    f"{name}={getattr(self, name)!r} is neither true nor false.",
                    hint=f"Write {name}=True, or leave it out.",
                )

    @property
    def allows_all(self) -> bool:
        """Whether it refuses nothing."""
        return self == _ALL

    def refuses_name(self, provider: str, name: str) -> str:
        """Why a model of this name is refused; "" if it is not."""
        if self.providers and not _any(provider, self.providers):
            return f"providers allowed: {', '.join(self.providers)}"
        if self.models and not _any(name, self.models):
            return f"models allowed: {', '.join(self.models)}"
        return ""

    def refuses_place(self, region: str, on_prem: bool) -> str:
        """Why data may not be sent to a provider of that place; "" if it may."""
        if self.air_gapped:
            return "air-gapped: only models in this process and recorded answers"
        if self.on_prem_only and not on_prem:
            return "only providers in the house (on_prem=True)"
        if self.regions and not _any(region, self.regions):
            told = f"is in {region!r}" if region else "was added without a region"
            return f"regions allowed: {', '.join(self.regions)}; this provider {told}"
        return ""

    def to_json(self) -> dict[str, Any]:
        """What it says, without what it leaves open."""
        lists = {name: list(getattr(self, name)) for name in _LISTS if getattr(self, name)}
        flags = {n: True for n in ("air_gapped", "on_prem_only") if getattr(self, n)}
        return {**lists, **flags}


class Policies:
    """The policies of a lab, by whom they are for and what data they are about."""

    def __init__(self) -> None:
        self._kept: Mapping[tuple[str | None, str | None], Policy] = {}

    def __bool__(self) -> bool:
        return bool(self._kept)

    def put(self, tenant: str | None, label: str | None, policy: Policy) -> None:
        """Take this policy in place of the one for the same tenant and label."""
        for what, name in (("tenant", tenant), ("label", label)):
            if name is not None and (not isinstance(name, str) or not name):
                raise DefinitionError(
                    f"{name!r} is no name of a {what}.",
                    hint="Pass a text, or leave it out for all.",
                )
        rest = {key: kept for key, kept in self._kept.items() if key != (tenant, label)}
        if not policy.allows_all:
            rest[tenant, label] = policy
        self._kept = rest  # swapped whole: others read it meanwhile

    def about(self, tenant: str, labels: Collection[str]) -> list[tuple[str, Policy]]:
        """Each policy that has a say, with whom it is for in words."""
        return [
            (_whose(whose, label), policy)
            for (whose, label), policy in self._kept.items()
            if whose in (None, tenant) and (label is None or label in labels)
        ]

    def table(self) -> list[dict[str, Any]]:
        """A row for each: `{tenant, label, ...}`."""
        return [
            {"tenant": tenant, "label": label, **policy.to_json()}
            for (tenant, label), policy in self._kept.items()
        ]


def _whose(tenant: str | None, label: str | None) -> str:
    if tenant is None and label is None:
        return "everybody"
    if label is None:
        return f"tenant {tenant!r}"
    return f"data labelled {label!r}" + (f" of tenant {tenant!r}" if tenant is not None else "")


def _any(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _patterns(what: str, given: Any) -> tuple[str, ...]:
    if given is None or given == ():
        return ()
    listed = [given] if isinstance(given, str) else list(given)
    if not listed:  # somebody's list came out empty: that must not allow everything
        raise DefinitionError(
            f"{what}={given!r} would allow nothing.",
            hint=f"Leave {what} out to allow all, or name what is allowed.",
        )
    for one in listed:
        if not isinstance(one, str) or not one:
            raise DefinitionError(
                f"{what}: {one!r} is no pattern.", hint="Use texts: 'local', 'openai/*'."
            )
    return tuple(listed)


_ALL = Policy()
