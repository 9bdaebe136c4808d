"""The models of a lab: who answers, under which names, for whom; and one question by hand."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from traaviis_lab.effects import call_llm
from traaviis_lab.errors import DefinitionError
from traaviis_lab.models import Models, Provider

from .tape_deck import Deck

if TYPE_CHECKING:
    import pandas as pd

    from traaviis_lab.runtime import Engine

    from .run import Run

_COLUMNS = ("name", "source", "streams", "region", "on_prem", "aliases", "calls")
_PORTS = {"http": 80, "https": 443}


class Modelling:
    """The part of `Lab` that knows models."""

    if TYPE_CHECKING:
        _engine: Engine

    @property
    def models(self) -> LabModels:
        """Who answers `call_llm` and its like; as the last value of a cell a table of them."""
        return LabModels(self, self._engine)


class LabModels:
    """The providers of models in a lab. A model is called `provider/model`, or by an alias."""

    def __init__(self, lab: Any, engine: Engine) -> None:
        self._lab, self._engine = lab, engine

    @property
    def _models(self) -> Models:
        return self._engine.models

    # Who answers

    def add(
        self, name: str, provider: Provider, *, region: str = "", on_prem: bool | None = None
    ) -> Provider:
        """Have a provider answer for the models `name/...`, in place of the one that did.

        Args:
            name: what models are called before the `/`.
            provider: what has `complete`, `stream`, `count` (`traaviis_lab.models.Provider`).
            region: where it computes, for policies: `eu-central`.
            on_prem: whether what it is sent stays in the house; None: if it is in this process.

        Raises `DefinitionError` for a name or a provider that is none.
        """
        self._models.add(name, provider, region=region, on_prem=on_prem)
        self._engine.prices.list_as(name, getattr(provider, "listed_as", None))
        return provider

    def scripted(
        self,
        name: str,
        answers: Iterable[Any] | Callable[..., Any],
        *,
        region: str = "",
        on_prem: bool | None = None,
        **settings: Any,
    ) -> Provider:
        """Answers from a list, in order, or from a function of the request: for tests."""
        from traaviis_lab.models.scripted import Scripted

        made = Scripted(answers, **settings)
        return self.add(name, made, region=region, on_prem=on_prem)

    def local(
        self, name: str = "local", model: str | Path = "smollm2", **settings: Any
    ) -> Provider:
        """A small model in this process, without key and network: `local/smollm2`.

        `traaviis-lab models add smollm2` fetches its weights once; a path names another GGUF.
        """
        from traaviis_lab.models.local import Local

        return self.add(name, Local(model, **settings))

    def openai(
        self,
        name: str = "openai",
        *,
        base_url: str = "https://api.openai.com/v1",
        key: str = "",
        region: str = "",
        on_prem: bool = False,
        **settings: Any,
    ) -> Provider:
        """OpenAI, or any server that speaks as it does: vLLM, Ollama, TGI, llama.cpp.

        Args:
            name: what its models are called before the `/`.
            base_url: where it is, up to `/v1`.
            key: the name of the lab's secret that holds the key; "": it needs none.
            region: where it computes, for policies.
            on_prem: whether it is in the house.
            settings: of `traaviis_lab.models.openai_door.OpenAi`.

        A key that is not there is an error of the call.
        """
        from traaviis_lab.models.openai_door import OpenAi

        reveal = self._revealer(key, host_of(base_url))
        made = OpenAi(base_url=base_url, key=reveal, **settings)
        return self.add(name, made, region=region, on_prem=on_prem)

    def litellm(
        self,
        name: str = "litellm",
        *,
        key: str | Mapping[str, str] = "",
        region: str = "",
        on_prem: bool = False,
        **settings: Any,
    ) -> Provider:
        """Everything that litellm reaches: `litellm/anthropic/claude-...`, `litellm/gemini/...`.

        Args:
            name: what its models are called before the `/`.
            key: the name of a secret, or one for each provider: `{"anthropic": "ANTHROPIC"}`.
            region: where it computes, for policies.
            on_prem: whether it is in the house.
            settings: of `traaviis_lab.models.litellm_door.LiteLlm`.
        """
        from traaviis_lab.models.litellm_door import LiteLlm

        names = dict(key) if isinstance(key, Mapping) else {}
        for one in (key, *names.values()) if isinstance(key, str) else names.values():
            _check_key(one)

        def reveal(provider: str = "") -> str:
            secret = names.get(provider, "") if names else str(key)
            return self._engine.secrets.reveal(secret) if secret else ""

        made = LiteLlm(key=reveal if key else None, **settings)
        return self.add(name, made, region=region, on_prem=on_prem)

    def remove(self, name: str) -> None:
        """Take a provider out. Raises `ModelFailed` if there is none of this name."""
        self._models.remove(name)

    # Names

    def alias(self, alias: str, target: str) -> None:
        """Let `alias` mean a model or another alias; again: it means this from now on."""
        self._models.alias(alias, target)

    @property
    def default(self) -> str:
        """The model of effects that name none; "": there is none."""
        return self._models.default

    @default.setter
    def default(self, model: str) -> None:
        if not isinstance(model, str):
            raise DefinitionError(
                f"{model!r} is no name for a model.",
                hint="lab.models.default = 'local/smollm2'",
            )
        self._models.default = model

    # Who may ask whom

    def allow(
        self,
        tenant: str | None = None,
        label: str | None = None,
        *,
        providers: Collection[str] = (),
        models: Collection[str] = (),
        regions: Collection[str] = (),
        air_gapped: bool = False,
        on_prem_only: bool = False,
    ) -> None:
        """Allow this and nothing else, for a tenant, a data label, both, or all.

        Args:
            tenant: whose runs; None: everybody's.
            label: what data (`labels` of the effect); None: whatever it is.
            providers: names, with `*`: `local`, `azure-*`.
            models: whole names, with `*`: `openai/gpt-4o*`.
            regions: where a provider may compute, with `*`: `eu-*`.
            air_gapped: only what answers in this process, or was recorded.
            on_prem_only: only providers that were added as being in the house.

        Every policy that is about a call has to allow it. Again for the same tenant and label
        replaces it; with nothing said it is taken back.
        """
        self._models.allow(
            tenant,
            label,
            providers=providers,
            models=models,
            regions=regions,
            air_gapped=air_gapped,
            on_prem_only=on_prem_only,
        )

    @property
    def air_gapped(self) -> bool:
        """Whether all that would leave this process is refused."""
        return self._models.air_gapped

    @air_gapped.setter
    def air_gapped(self, closed: bool) -> None:
        if not isinstance(closed, bool):
            raise DefinitionError(
                f"air_gapped={closed!r} is neither true nor false.",
                hint="lab.models.air_gapped = True",
            )
        self._models.air_gapped = closed

    # Recorded answers

    def cassette(self, path: str | Path, mode: str = "auto", **settings: Any) -> Deck:
        """Record answers in a file, and give them again: without key, network or cost.

        Args:
            path: the file.
            mode: `auto` answers what is there and records the rest, `record` asks and records
                all, `replay` asks nobody.
            settings: of `traaviis_lab.models.cassette.Cassette`.

        It is in until `lab.models.eject()`, or for the length of a `with`.
        """
        from traaviis_lab.models.cassette import Cassette

        settings.setdefault("strike", self._engine.secrets.cleared)
        put: Any = mode
        tape = Cassette(path, put, **settings)
        self._models.insert(tape)
        return Deck(self._models, tape)

    def eject(self) -> None:
        """Take the cassette out, if there is one, and ask the providers themselves again."""
        self._models.eject()

    # One question

    def ask(
        self,
        question: str,
        model: str = "",
        *,
        system: str = "",
        tenant: str | None = None,
        wait: float | None = 300.0,
        **fields: Any,
    ) -> Any:
        """Ask once, and answer what the model says; a run like any other tells how it went.

        Args:
            question: what to ask.
            model: whom; "": the default.
            system: what the model is told first.
            tenant: who asks.
            wait: seconds to wait for the whole of it.
            fields: more of `call_llm`: `schema`, `max_tokens`, `temperature`, ...

        Raises what the call failed with.
        """
        effect = call_llm(
            model, "{{ data.question }}", system="{{ data.system }}" if system else "", **fields
        )
        data = {"question": question, "system": system}
        run: Run = self._lab.run_pipeline(effect, data, tenant=tenant, timeout=wait)
        return run.data["result"]

    # What there is

    def table(self) -> pd.DataFrame:
        """A row per provider: name, source, streams, region, on_prem, aliases, calls."""
        import pandas as pd

        return pd.DataFrame(self._models.table(), columns=list(_COLUMNS))

    def __repr__(self) -> str:
        rows, tape = self._models.table(), self._models.cassette
        told = ", ".join(f"{row['name']} ({row['source']})" for row in rows)
        if tape is not None:
            told = f"{told or 'none'}; cassette {tape.path}: {tape.mode}"
        told = told or "none yet; lab.models.scripted, .local, .openai and .litellm add some"
        usual = f"; usually {self.default}" if self.default else ""
        return f"<Models: {told}{usual}{'; air-gapped' if self.air_gapped else ''}>"

    def _repr_html_(self) -> str:
        if not self._models.table():
            return f"<p>{escape(repr(self)[1:-1])}</p>"
        said = [f"Usually: <code>{escape(self.default)}</code>"] if self.default else []
        if (tape := self._models.cassette) is not None:
            said.append(f"Cassette: <code>{escape(str(tape.path))}</code>, {tape.mode}")
        said += ["Air-gapped"] if self.air_gapped else []
        head = f"<p>{'; '.join(said)}</p>" if said else ""
        return head + self.table().to_html(index=False, escape=True)

    def _revealer(self, name: str, host: str) -> Callable[[], str] | None:
        _check_key(name)
        secrets = self._engine.secrets
        return (lambda: secrets.reveal(name, host)) if name else None


def host_of(url: str) -> str:
    """The host and port of a server, as secrets are kept for hosts.

    Raises `DefinitionError` for what is no address of a server.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except (ValueError, AttributeError):
        parts, port = urlsplit(""), None
    if port is None or not parts.hostname or parts.username or parts.password:
        raise DefinitionError(
            f"base_url={str(url).rpartition('@')[2]!r} is no address of a server.",
            hint="base_url='http://127.0.0.1:8000/v1', and no password in it.",
        )
    return f"{parts.hostname}:{port}"


def _check_key(name: Any) -> None:
    from traaviis_lab.effects.secret_places import is_secret_name

    if name == "" or is_secret_name(name):
        return
    raise DefinitionError(
        "key is no name of a secret; a key itself does not belong here.",
        hint='lab.secrets["OPENAI"] = "..."; then key="OPENAI".',
    )
