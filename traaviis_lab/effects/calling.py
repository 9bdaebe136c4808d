"""Effects that call what is outside: registered Python functions, and HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.effect import REPEATS, Effect, Repeat, word
from traaviis_lab.machine.names import has_template
from traaviis_lab.machine.problems import show

from .leaf_checks import (
    check_choice,
    check_count,
    check_duration,
    check_mapping,
    check_repeat,
    check_text,
    wrong,
)
from .machines import REPEAT_MEANING
from .secret_places import check_places, places_in

METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
ONCE = ("POST", "PATCH")
MAX_BYTES = 2**20
LARGEST = 2**26
_URL = re.compile(r"https?://[^/?#@\s\\${}]+([/?#]\S*)?\Z", re.IGNORECASE)
_STATUS = re.compile(r"[1-5](\d\d|xx)\Z")
_THE_ENGINES = frozenset({"host", "content-length", "transfer-encoding", "connection", "te"})


@dataclass(frozen=True, slots=True)
class Call(Effect):
    """Call a registered function (`lab.register`) with `args` by name."""

    function: str = field(metadata=word("name", "The name it was registered under."))
    args: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "Its arguments, by name.")
    )
    into: str = field(
        default="", metadata=word("text", "The field of the run's data its answer goes to.")
    )
    repeat: str = field(default="", metadata=word("choice", REPEAT_MEANING, choices=REPEATS))

    def __post_init__(self) -> None:
        """Check the fields."""
        check_mapping(self, "args")
        check_repeat(self)
        if isinstance(self.args, Mapping) and "scope" in self.args:
            raise DefinitionError(
                f"call: the argument 'scope' of {show(self.function)} cannot be given.",
                hint="A parameter named scope is filled by the engine; rename yours.",
            )


@dataclass(frozen=True, slots=True)
class CallApi(Effect):
    """Make one HTTP request to a host the lab allows; the result is `{status, headers, json}`.

    Where the answer is no JSON the result has `text` in place of `json`. Redirects are not
    followed, and nothing is retried: `fx.retry(...)` does that. A secret of the lab is written
    `{secret: NAME}` as a whole header, parameter or value inside `json`, or `$secret{NAME}`
    within a text that holds no template.
    """

    method: str = field(metadata=word("choice", "The HTTP method.", choices=METHODS))
    url: str = field(metadata=word("name", "Where to, beginning with http:// or https://."))
    headers: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "Header lines, by name.")
    )
    params: Mapping[str, Any] = field(
        default_factory=dict, metadata=word("object", "What is asked after the `?`, by name.")
    )
    json: Any = field(default=None, metadata=word("value", "What to send, as JSON; null: nothing."))
    body: str = field(default="", metadata=word("text", "What to send, as plain text."))
    timeout: float | str = field(
        default=30.0, metadata=word("duration", "How long all of it may take.")
    )
    max_bytes: int = field(
        default=MAX_BYTES, metadata=word("number", "How large the answer may be, in bytes.")
    )
    expect: tuple[str | int, ...] = field(
        default=(),
        metadata=word("names", "The statuses that are no failure, `404` or `4xx`; absent: `2xx`."),
    )
    into: str = field(
        default="", metadata=word("text", "The field of the run's data the result goes to.")
    )
    repeat: str = field(default="", metadata=word("choice", REPEAT_MEANING, choices=REPEATS))
    reveals: tuple[str, ...] | None = field(
        default=None,
        metadata=word("names", "Where its secrets stood before it was filled in.", hidden=True),
    )

    def __post_init__(self) -> None:
        """Check the fields."""
        check_choice(self, "method", METHODS)
        check_text(self, "url", "body", "into")
        check_mapping(self, "headers", "params")
        check_duration(self, "timeout", above=0)
        check_count(self, "max_bytes", 1, LARGEST)
        check_repeat(self)
        object.__setattr__(self, "expect", _statuses(self))
        _check_headers(self)
        if not has_template(self.url) and not _URL.match(self.url):
            shown = self.url.rpartition("@")[2]  # what stands before it may be a password
            raise DefinitionError(
                f"call_api: {show(shown)} is no URL to call.",
                hint="Write https://host/path, without a user or password: those go into a "
                "header, as a secret.",
            )
        if self.json is not None and self.body:
            raise DefinitionError("call_api: json and body are both there.", hint="Send one.")
        if self.reveals is None:
            check_places(self.kind, self.with_secrets())
        else:
            object.__setattr__(self, "reveals", tuple(self.reveals))

    def usual_repeat(self) -> Repeat:
        """What HTTP says: POST and PATCH may do twice what is asked for twice."""
        return "at_most_once" if self.method in ONCE else "at_least_once"

    def with_secrets(self) -> dict[str, Any]:
        """The fields that may name secrets."""
        return {
            "url": self.url,
            "headers": self.headers,
            "params": self.params,
            "json": self.json,
            "body": self.body,
        }

    def sealed(self) -> CallApi:
        """Note where its secrets stand, so that data filled in cannot ask for others."""
        if self.reveals is not None:
            return self
        return replace(self, reveals=tuple(places_in(self.with_secrets())))


def _statuses(effect: CallApi) -> tuple[str | int, ...]:
    value: Any = effect.expect
    listed = (value,) if isinstance(value, str | int) else value
    if not isinstance(listed, list | tuple):
        raise wrong(effect, "expect", "a list of statuses")
    made = tuple(int(one) if isinstance(one, str) and one.isdigit() else one for one in listed)
    for one in made:
        if isinstance(one, bool) or not _STATUS.match(str(one)):
            raise wrong(
                effect, "expect", f"a list of statuses, and {show(one)} is none", "2xx, 404"
            )
    return made


def _check_headers(effect: CallApi) -> None:
    for name in effect.headers if isinstance(effect.headers, Mapping) else ():
        if str(name).lower() in _THE_ENGINES:
            raise DefinitionError(
                f"call_api: the header {show(name)} is the engine's to write.",
                hint="Leave it out; it follows from the URL and the body.",
            )
