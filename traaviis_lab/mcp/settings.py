"""How a lab is served: the settings of `lab.serve_mcp`, checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from traaviis_lab.errors import LabError
from traaviis_lab.runtime.ids import check_tenant

from .approval import WAITS
from .catalogue import SETS
from .grants import SCOPES, Scope
from .serving.limits import Limits

if TYPE_CHECKING:
    from traaviis_lab.lab import Lab


@dataclass(frozen=True)
class Settings:
    """What `lab.serve_mcp` may be told.

    Args:
        port: where it listens; 0 takes a free one.
        tenant: whose machines the token is for; the lab's own if not said.
        scopes: what the token grants; everything if not said.
        sets: the tool sets that are on; all if not said.
        token: False asks for none, so that every process of this machine may do everything. For
            tests alone.
        waits: seconds a question to a person stands.
        asks: where a person is asked: at the "client" if it can, else in the notebook; or in the
            "notebook" always, for a client might answer for its person.
        origins: pages of other origins that may call, as `http://localhost:6274`.
        limits: sizes, times and numbers.
        mount: handed the SDK's server before it serves. For tests alone.
    """

    port: int = 0
    tenant: str = "default"
    scopes: frozenset[Scope] = frozenset(SCOPES)
    sets: frozenset[str] = frozenset(SETS)
    token: bool = True
    waits: float = WAITS
    asks: Literal["client", "notebook"] = "client"
    origins: frozenset[str] = frozenset()
    limits: Limits = field(default_factory=Limits)
    mount: Callable[[Any], None] | None = None

    @classmethod
    def of(cls, lab: Lab, said: Mapping[str, Any]) -> Settings:
        """The settings as said, for a lab. Raises `LabError` for one that is none."""
        return cls(tenant=lab.tenant).but(said)

    def but(self, said: Mapping[str, Any]) -> Settings:
        """These, with what else is said; None says nothing. Raises `LabError` as `of`."""
        names = [one.name for one in fields(self)]
        for name in said:
            if name not in names:
                raise LabError(
                    f"serve_mcp knows no setting {name!r}.", hint=f"It knows: {', '.join(names)}."
                )
        told = {name: value for name, value in said.items() if value is not None}
        for name in {"scopes", "sets", "origins"} & told.keys():
            told[name] = _names(name, told[name])
        return replace(self, **told)

    def __post_init__(self) -> None:
        check_tenant(self.tenant)
        if not isinstance(self.token, bool):
            raise LabError(
                "`token` is True or False: the server makes its tokens itself.",
                hint="server.token is the first one; server.add_token(...) makes others.",
            )
        if self.asks not in ("client", "notebook"):
            raise LabError(f"asks={self.asks!r} is nowhere.", hint='"client" or "notebook".')
        for page in self.origins:
            if not page.startswith(("http://", "https://")) or page.count("/") != 2:
                raise LabError(
                    f"{page!r} is no origin of a page.", hint='As "http://localhost:6274".'
                )
        unknown = sorted(self.sets - frozenset(SETS))
        if unknown:
            raise LabError(
                f"There is no tool set {unknown[0]!r}.", hint=f"There are: {', '.join(SETS)}."
            )
        if not (isinstance(self.waits, int | float) and self.waits > 0):
            raise LabError(f"waits={self.waits!r} is no time.", hint="A number of seconds.")
        if not isinstance(self.limits, Limits):
            raise LabError(f"limits={self.limits!r} are none.", hint="Limits(rate=100), as one.")


def _names(name: str, value: Iterable[str]) -> frozenset[str]:
    if isinstance(value, str) or not all(isinstance(one, str) for one in value):
        raise LabError(f"{name}={value!r} is no list of names.", hint=f'As {name}=["..."].')
    return frozenset(value)
