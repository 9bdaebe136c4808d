"""Turn the statements of a hook into effects, one for one, where they mean the same."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

from traaviis_lab.flows.analysing.outline import UNKNOWN, short
from traaviis_lab.flows.analysing.outside import touch_of
from traaviis_lab.flows.analysing.scope import Function, Scope
from traaviis_lab.machine.names import write_duration

from .templates import Reading

VERBS = ("get", "post", "put", "patch", "delete", "head")
OWN_LIMIT = 30.0
"""Seconds an HTTP request takes at most when nothing is said."""
_LEVELS = {
    "debug": "debug", "info": "info", "log": "", "warning": "warning", "warn": "warning",
    "error": "error", "critical": "error",
}  # fmt: skip
_SECRETS = ("auth", "cookie", "token", "key", "secret", "passw")


class Spelled(NamedTuple):
    """The effects of a hook as code; without any, `why` says what is in the way."""

    codes: tuple[str, ...] = ()
    why: str = ""
    sleeps: bool = False


class Spelling(NamedTuple):
    """How effects are to be spelled: the name of the module here, the limit of requests."""

    fx: str
    limit: str


def spell_hook(scope: Scope, hook: Function, spelling: Spelling) -> Spelled:
    """The effects that do what the hook does: lines to log, then at most one wait or request."""
    arguments = hook.args
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs:
        return Spelled(why="it takes any arguments")
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
    reading = Reading(scope, names)
    body = [one for one in hook.body if not _says_nothing(one)]
    if not body:
        return Spelled(why="it does nothing")
    codes: list[str] = []
    for n, statement in enumerate(body):
        code, sleeps = _spell(reading, statement, spelling)
        if not code:
            return Spelled(why=f"`{short(ast.unparse(statement))}` has no effect that is the same")
        if not is_log(code) and n < len(body) - 1:
            return Spelled(why="what follows a wait or a request would not wait for it")
        codes.append(code)
        if sleeps:
            return Spelled(tuple(codes), sleeps=True)
    return Spelled(tuple(codes))


def is_log(code: str) -> bool:
    """Whether this effect is a line for the journal."""
    return code.partition("(")[0].endswith(".log")


def _says_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Pass):
        return True
    if isinstance(statement, ast.Return):
        return statement.value is None
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _spell(reading: Reading, statement: ast.stmt, spelling: Spelling) -> tuple[str, bool]:
    """The effect of one statement, "" where there is none, and whether it is a wait."""
    call = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(call, ast.Await):
        call = call.value
    if not isinstance(call, ast.Call):
        return "", False
    name = reading.scope.name_of(call.func)
    touch = touch_of(name)
    match touch and touch[0]:
        case "say":
            return _log(reading, name, call, spelling), False
        case "sleep":
            return _delay(reading, call, spelling), True
        case "outside":
            return _request(reading, call, spelling), False
        case _:
            return "", False


def _log(reading: Reading, name: str, call: ast.Call, spelling: Spelling) -> str:
    words = {word.arg: word.value for word in call.keywords}
    texts = [reading.text(argument) for argument in call.args]
    if set(words) - {"flush"} or not texts or None in texts:
        return ""
    level = "info"
    if name != "print":
        level = _LEVELS.get(name.rpartition(".")[2], "")
        if not level or len(texts) != 1 or not name.startswith("logging."):
            return ""
    message = " ".join(text for text in texts if text is not None)
    usual = "" if level == "info" else f", {_quoted(level)}"
    return f"{spelling.fx}.log({_quoted(message)}{usual})"


def _delay(reading: Reading, call: ast.Call, spelling: Spelling) -> str:
    seconds = reading.value(call.args[0]) if len(call.args) == 1 else UNKNOWN
    if call.keywords or not _is_time(seconds):
        return ""
    return f"{spelling.fx}.delay({written(seconds)})"


def _request(reading: Reading, call: ast.Call, spelling: Spelling) -> str:
    """`requests.post(...)`, also with `.raise_for_status()` after it."""
    asked = call.func
    if isinstance(asked, ast.Attribute) and asked.attr == "raise_for_status":
        call = asked.value if isinstance(asked.value, ast.Call) and not call.args else call
    library, _, verb = reading.scope.name_of(call.func).partition(".")
    if library not in ("requests", "httpx") or verb not in VERBS:
        return ""
    given = {word.arg: reading.value(word.value) for word in call.keywords}
    for name, argument in zip(("url",), call.args, strict=False):
        given[name] = reading.value(argument)
    seconds = given.pop("timeout", None)
    url = given.pop("url", None)
    if len(call.args) > 1 or not _is_address(url) or not _are_plain(given):
        return ""
    if seconds is not None and not (_is_time(seconds) and seconds):
        return ""
    said = [_quoted(verb.upper()), _quoted(str(url))]
    said += [f"{name}={_literal(value)}" for name, value in given.items()]
    limit = spelling.limit if seconds is None else written(seconds)
    if seconds is not None and seconds > OWN_LIMIT:
        said.append(f"timeout={limit}")
    made = f"{spelling.fx}.call_api({', '.join(said)})"
    return f"{spelling.fx}.timeout({made}, after={limit})" if limit else made


def written(seconds: float) -> str:
    """A duration as code: `"2s"`, or the number where no text is exact."""
    text = write_duration(seconds)
    return _quoted(text) if isinstance(text, str) else repr(text)


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


def _is_address(url: Any) -> bool:
    return isinstance(url, str) and url.startswith(("https://", "http://"))


def _are_plain(given: dict[str | None, Any]) -> bool:
    """Whether these arguments mean the same to `call_api`, and hold nothing secret."""
    for name, value in given.items():
        if name not in ("json", "headers", "params") or value is UNKNOWN:
            return False
        if name != "json" and not isinstance(value, dict):
            return False
        if name != "json" and any(part in key.lower() for key in value for part in _SECRETS):
            return False
        if name == "headers" and not all(isinstance(one, str) for one in value.values()):
            return False
    return True


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        inner = ", ".join(f"{_quoted(key)}: {_literal(item)}" for key, item in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    return repr(value)


def _quoted(text: str) -> str:
    """A text as Python code, in double quotes where that needs no escapes."""
    plain = repr(text)
    return f'"{plain[1:-1]}"' if plain[0] == "'" and '"' not in text else plain


def words_of(codes: Sequence[str]) -> str:
    """Effects in one line for people."""
    return short(", ".join(codes), 90)
