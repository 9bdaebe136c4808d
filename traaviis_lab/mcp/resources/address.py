"""The addresses of resources: `fsm://runs/door-1/history?after=12`, read strictly and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

from traaviis_lab.errors import LabError

SCHEME = "fsm://"
LONGEST = 2_000
PAGED = {"after": "", "limit": ""}
VIEWS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "machines": {"": {}, "chart": {}, "diagram.svg": {}, "diagram.mmd": {}},
    "runs": {
        "": {"machine": "", "limit": ""},
        "snapshot": {},
        "history": PAGED,
        "journal": PAGED,
        "costs": {},
        "diagram.svg": {},
        "diagram.mmd": {},
    },
}
"""What there is to read of machines and of runs ("" is the index), and what a query may say."""


@dataclass(frozen=True)
class Address:
    """One address, taken apart. `name` is a machine or a run, "" in an index."""

    room: str
    name: str = ""
    view: str = ""
    query: Mapping[str, str] = field(default_factory=dict)

    def number(self, key: str, usual: int, least: int, most: int) -> int:
        """A number of the query. Raises `LabError` where it is none, or out of bounds."""
        text = self.query.get(key, str(usual))
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else -1
        if not least <= number <= most:
            raise LabError(
                f"{key}={text[:40]!r} cannot be read.", hint=f"A number from {least} to {most:,}."
            )
        return number


def read_address(uri: str) -> Address:
    """An address from its text. Raises `LabError` for what is none of ours."""
    if not uri.startswith(SCHEME) or len(uri) > LONGEST or "#" in uri:
        raise _unknown(uri)
    way, _, asked = uri[len(SCHEME) :].partition("?")
    try:
        room, *rest = (unquote(part, errors="strict") for part in way.split("/"))
        pairs = parse_qsl(
            asked, keep_blank_values=True, strict_parsing=bool(asked), max_num_fields=8
        )
    except ValueError:
        raise _unknown(uri) from None
    name, view = rest if len(rest) == 2 else ("", "")
    if room not in VIEWS or view not in VIEWS[room] or (rest and not (name and view)):
        raise _unknown(uri)
    query = dict(pairs)
    if len(query) < len(pairs) or not query.keys() <= VIEWS[room][view].keys():
        raise LabError(
            f"The query of {uri[:200]!r} cannot be read.",
            hint=f"It may say: {', '.join(VIEWS[room][view]) or 'nothing'}.",
        )
    return Address(room, name, view, query)


def write_address(room: str, name: str = "", view: str = "", **query: str | int) -> str:
    """The text of an address; ids and names are percent-encoded."""
    way = f"{SCHEME}{room}" + (f"/{quote(name, safe='')}/{view}" if name else "")
    asked = "&".join(f"{key}={quote(str(value), safe='')}" for key, value in query.items())
    return f"{way}?{asked}" if asked else way


def _unknown(uri: str) -> LabError:
    return LabError(
        f"There is no resource {uri[:200]!r}.",
        hint="fsm://machines and fsm://runs list what there is; templates say what can be read.",
    )
