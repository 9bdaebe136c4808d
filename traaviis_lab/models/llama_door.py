"""The one door to `xllamacpp`: a GGUF file opened in this process, silent and off the network.

What it brings is llama.cpp's server as an object. That object insists on listening somewhere:
it is given a Unix socket in a folder only this user can enter (where Python knows no such
sockets, the loopback interface) and a key that is never told. Only `count` and the questions
about the template go that way; answers are asked of the object itself.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from traaviis_lab.errors import ModelFailed, NotInstalled

BATCH = 64
"""Tokens read between two looks at whether the call was ended: about half a second of one core."""
SILENT = -1
LONGEST_SOCKET = 100
MAGIC = b"GGUF"
LETTERS = 64
"""Characters a token: a prompt that has more of them for each the context holds is not counted."""
_SAY_LESS = "Say less, or open the model with a larger `context` where it has one."


class Llama:
    """An open model. Its methods block; `chat` is for one thread, `count` for any.

    Args:
        file: the GGUF file.
        context: the most tokens of prompt and answer together; the model's own limit holds too.
        threads: how many threads compute.
        gpu_layers: how many layers a graphics card takes, where the wheel knows of one.

    Raises `ModelFailed` for a file that is none, `NotInstalled` without the extra.
    """

    def __init__(self, file: Path, *, context: int, threads: int, gpu_layers: int = 0) -> None:
        door = _xllamacpp()
        _check(file)
        self._folder = _private_folder()
        self._key = secrets.token_hex()
        try:
            self._server = door.Server(
                _params(door, file, context, threads, gpu_layers, self._where(), self._key)
            )
        except (RuntimeError, ValueError, TypeError) as error:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise ModelFailed(
                f"{file} cannot be opened as a model: {error}",
                hint="Is the file whole, and of an architecture this xllamacpp knows?",
            ) from None
        about = self._ask("GET", "/props")
        self.context = int(about["default_generation_settings"]["n_ctx"])
        self.takes_tools = bool(about.get("chat_template_caps", {}).get("supports_tools"))
        self.engine = f"xllamacpp {version('xllamacpp')}"

    def chat(self, body: Mapping[str, Any], on_piece: Callable[[dict[str, Any]], bool]) -> None:
        """Ask; `on_piece` is told each piece as it comes and ends the call by answering True.

        Raises `ModelFailed` where the engine takes no such request.
        """
        self._hold(body)
        try:
            self._server.handle_chat_completions(dict(body), on_piece)
        except (RuntimeError, ValueError, TypeError, UnicodeError) as error:
            raise ModelFailed(
                f"The model's engine does not take this request: {error}",
                hint="Look at the schema and the tools, and at half a character in a text.",
            ) from None

    def count(self, body: Mapping[str, Any]) -> int:
        """How many tokens the model reads for this, its chat template included.

        Raises `ModelFailed` for a prompt that is much too long: counting would take minutes.
        """
        self._hold(body)
        return int(self._ask("POST", "/v1/chat/completions/input_tokens", body)["input_tokens"])

    def close(self) -> None:
        """Let go of the memory and the threads. The object is of no use afterwards."""
        del self._server
        shutil.rmtree(self._folder, ignore_errors=True)

    def _hold(self, body: Mapping[str, Any]) -> None:
        letters = sum(len(str(one)) for one in body.get("messages", ()))
        if letters > LETTERS * self.context:
            raise ModelFailed(
                f"The prompt has some {letters:,} characters, far more than the {self.context:,} "
                "tokens that the model's context holds. Nothing was computed.",
                hint=_SAY_LESS,
            )

    def _where(self) -> str:
        return str(self._folder / "s.sock") if hasattr(socket, "AF_UNIX") else "127.0.0.1"

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        try:
            text = None if body is None else json.dumps(body)
            with closing(_Wire(self._server.listening_address)) as wire:
                wire.request(method, path, text, headers)
                said = wire.getresponse()
                told = json.loads(said.read())
        except (OSError, http.client.HTTPException, ValueError, TypeError) as error:
            raise ModelFailed(
                f"The model's engine could not be asked about a request: {error}",
                hint="Messages are JSON; ask again, or open the model anew.",
            ) from None
        if said.status != http.client.OK:
            raise refused(told)
        return dict(told)


class _Wire(http.client.HTTPConnection):
    """To the address an engine listens at: a Unix socket, or the loopback interface."""

    def __init__(self, address: str) -> None:
        scheme, _, self._place = address.partition("://")
        self._is_file = scheme == "unix"
        super().__init__("localhost" if self._is_file else self._place, timeout=60)

    def connect(self) -> None:
        """Connect; a Unix socket where it is one."""
        if not self._is_file:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._place)


def refused(told: Mapping[str, Any]) -> ModelFailed:
    """What the engine says it cannot do, as an error; too long a prompt with both numbers."""
    error = told.get("error") or {}
    if error.get("type") == "exceed_context_size_error":
        return ModelFailed(
            f"The prompt has {error['n_prompt_tokens']} tokens, and the model's context holds "
            f"{error['n_ctx']}. Nothing was computed.",
            hint=_SAY_LESS,
        )
    return ModelFailed(
        f"The model's engine does not take this request: {error.get('message', told)}",
        hint="The model's own limits are in its card; try a plainer request.",
    )


def _xllamacpp() -> Any:
    try:
        import xllamacpp
    except ImportError as error:
        raise NotInstalled(
            f"Models in this process need xllamacpp, and it cannot be imported: {error}",
            hint="pip install 'traaviis-lab[local]'",
        ) from None
    return xllamacpp


def _check(file: Path) -> None:
    """Refuse what is no GGUF file before the engine gets to see it."""
    try:
        with file.open("rb") as opened:
            start = opened.read(len(MAGIC))
    except OSError as error:
        raise ModelFailed(
            f"{file} cannot be read: {error.strerror or error}.",
            hint="Give the path of a GGUF file, or a name that `traaviis-lab models list` shows.",
        ) from None
    if start != MAGIC:
        raise ModelFailed(
            f"{file} is no GGUF file: it begins with {start!r}.",
            hint="Weights for this engine end in .gguf; others have to be converted.",
        )


def _private_folder() -> Path:
    """A new folder that only this user can enter, by a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="tl-"))
    if len(os.fsencode(folder)) <= LONGEST_SOCKET - len("/s.sock"):
        return folder
    with suppress(OSError):
        folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="tl-", dir="/tmp"))


def _params(
    door: Any, file: Path, context: int, threads: int, gpu_layers: int, where: str, key: str
) -> Any:
    params = door.CommonParams()
    params.model.path = str(file)
    params.n_ctx = context
    params.n_parallel = 1
    params.n_batch = params.n_ubatch = BATCH
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.n_gpu_layers = gpu_layers
    params.fit_params = False
    params.cache_ram_mib = 0
    params.cache_idle_slots = False
    params.offline = True
    params.verbosity = SILENT
    params.hostnames = [where]
    params.port = 0
    params.api_keys = [key]
    params.n_threads_http = 2
    params.prefill_assistant = False
    params.endpoint_slots = False
    params.ui = False
    return params


def grammar_of(schema: Mapping[str, Any]) -> str:
    """The grammar that only lets through JSON that fits `schema`, on one line.

    What a schema asks for and the grammar has no way to say is left out of the grammar.
    """
    ways = {
        "whitespace_flexible": False,
        "item_separator": ", ",
        "key_separator": ": ",
        "lenient": True,
        "coerce_one_of": True,
    }
    return str(_xllamacpp().json_schema_to_grammar({**schema, "x-guidance": ways}))
