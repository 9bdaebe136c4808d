"""Where an effect was asked for, and what its texts were filled in from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from traaviis_lab.effects.growing.places import below
from traaviis_lab.errors import LabError
from traaviis_lab.machine.effect import Effect
from traaviis_lab.machine.expr.formula import paths
from traaviis_lab.machine.expr.lexer import Lexer
from traaviis_lab.machine.expr.parser import Parser
from traaviis_lab.machine.expr.paths import read_paths
from traaviis_lab.machine.expr.source import Source
from traaviis_lab.runtime.standing import root_of
from traaviis_lab.views.spec_words import spec_words

from .links import Link
from .pages import Pages
from .placed import failure_below, outcome_before, placed
from .triggers import place_said
from .witness import Asked, Witness
from .written import show

if TYPE_CHECKING:
    from .slice import Slice

_OPEN = "{{"


def asked_link(cut: Slice, pages: Pages, seq: int) -> int | None:
    """The link of the step that asked for the effect whose outcome is fact `seq`."""
    path = str(pages.moment(seq).body.get("path", ""))
    if path.startswith("^"):
        return _inherited(cut, pages, seq, path)
    root, inner = root_of(path)
    number, _, place = root.partition("/")
    if not number.isdigit() or not place.isdigit() or not 0 < int(number) <= seq:
        return None
    step, index = int(number), int(place)
    started = _started(pages, seq, step)
    if inner:
        return _placed(cut, pages, (step, index), inner, (seq, started))
    if pages.moment(seq).fact.kind == "effect.failed":
        leaf = failure_below(pages, seq, started, root)
        if leaf is not None:
            return cut.effect(pages, leaf)
    return _asked(cut, pages, step, index, started)


def _placed(
    cut: Slice, pages: Pages, asked: tuple[int, int], inner: str, seqs: tuple[int, int]
) -> int | None:
    """The link of where a leaf stands in what the machine asked for, and what it followed."""
    (step, index), (seq, started) = asked, seqs
    if pages.moment(step).step is None or index >= len(pages.witness(step).effects):
        return None
    root = f"{step}/{index}"
    whole = pages.moment(started).body.get("path") == root
    begun = started if whole else pages.moment(started).fact.cause or step
    key = ("placed", pages.run, root, inner, started)
    known = cut.desk.known(key)
    if known is not None:
        return known
    found = placed(pages.witness(step).effects[index], inner)
    if not found.words:
        return _asked(cut, pages, step, index, begun, whole=False)
    here = seq if whole else started
    link = cut.desk.link(key, Link(pages.run, here, "effect", f"performed {found.words}"))
    read = sorted(read_by(found.effect)) if found.effect is not None else []
    chained = found.effect is None or any("result" in path.split(".")[:2] for path in read)
    for inside, end in found.after:
        if end == "effect.completed" and not chained:
            continue  # what went well before is a cause only where its result was read
        before = outcome_before(pages, here, begun, below(root, inside) if inside else root, end)
        if before is not None:
            cut.desk.later(link, partial(cut.effect, pages, before))
    for path in read:
        word, *rest = path.split(".")
        if word == "data":
            cut.desk.later(link, partial(cut.value, pages, tuple(rest), here - 1))
    cut.desk.later(link, partial(_asked, cut, pages, step, index, begun, whole=False))
    return link


def effect_name(pages: Pages, seq: int) -> str:
    """What people call the effect whose outcome is fact `seq`: `call score`, `delay`."""
    fact = pages.moment(seq).fact
    spec = pages.moment(seq).body.get("effect")
    path = str(pages.moment(seq).body.get("path", ""))
    if spec is None and path.startswith("^") and seq > 1:
        pending = pages.trail.at(seq - 1).pending.get(path)
        spec = pending.effect.to_spec() if pending is not None else None
    elif spec is None and fact.cause and 0 < fact.cause < seq:
        spec = pages.moment(fact.cause).body.get("effect")
    name = spec.get("function") if isinstance(spec, dict) else None
    return f"{fact.name} {name}" if isinstance(name, str) else fact.name


def _started(pages: Pages, seq: int, step: int) -> int:
    """The fact that started the effect; the step itself where it was performed at once."""
    cause = pages.moment(seq).fact.cause
    if cause and step < cause < seq and pages.moment(cause).fact.kind == "effect.started":
        return cause
    return step


def _asked(
    cut: Slice, pages: Pages, step: int, place: int, started: int, *, whole: bool = True
) -> int | None:
    """The link of the step that asked; `whole`: and of all the data that was read for it."""
    if pages.moment(step).step is None:
        return None
    seen = pages.witness(step)
    if place >= len(seen.asked) or place >= len(seen.effects):
        return None
    key = ("asked", pages.run, started, place)
    known = cut.desk.known(key)
    if known is not None:
        return known
    asked, filled = seen.asked[place], seen.effects[place].to_spec()
    spec = {word: value for word, value in filled.items() if word != "kind"}
    words = f"{asked.effect.kind} {show(spec, 100)}"
    if asked.effect.composed:
        words = spec_words(filled)
    text = f"{place_said(asked.where)} asked for effect {words}"
    link = cut.desk.link(key, Link(pages.run, started, "effect", text, filled))
    _behind(cut, pages, step, asked, seen, link, read_by(asked.effect) if whole else ())
    return link


def _behind(
    cut: Slice,
    pages: Pages,
    step: int,
    asked: Asked,
    seen: Witness,
    link: int,
    read: Collection[str],
) -> None:
    for path in sorted(read):
        root, *rest = path.split(".")
        if root == "data":
            cut.desk.later(link, partial(cut.value, pages, tuple(rest), step, asked.acts))
    entered, _, word = asked.where.rpartition(".")
    if word in ("on_enter", "enter") and entered in seen.tables.nodes:
        cut.desk.later(link, partial(cut.state, pages, entered, step))
        return
    for place in range(min(asked.acts, len(seen.acts)) - 1, -1, -1):
        act = seen.acts[place]
        left = asked.where.endswith(".exit") and asked.where[:-5] in seen.moves[act.micro].exited
        if act.transition.id == asked.where or left:
            cut.desk.later(link, partial(cut.taken, pages, step, place))
            return


def _inherited(cut: Slice, pages: Pages, seq: int, path: str) -> int | None:
    """An effect that was under way when the run was forked: the parent asked for it."""
    text, parent, at = cut.parents.told(pages)
    link = Link(pages.run, 1, "fork", f"the effect was asked for {text}")
    place = cut.desk.link(("asked", pages.run, path), link)
    if parent is None:
        return place
    mine = path[1:]
    if mine.startswith("^"):
        for fact in parent.back(at, at):
            if fact.kind == "run.forked":
                cut.desk.later(place, partial(_inherited, cut, parent, at, mine))
        return place
    number, _, index = root_of(mine)[0].partition("/")
    if number.isdigit() and index.isdigit() and 0 < int(number) <= at:
        step = int(number)
        cut.desk.later(place, partial(_asked, cut, parent, step, int(index), step))
    return place


def read_by(effect: Effect) -> frozenset[str]:
    """The paths that an effect's templates and expressions read."""
    found: set[str] = set()
    for text, whole in _texts(effect.to_spec(), effect.kind):
        try:
            found |= paths(text) if whole else _holes(text)
        except LabError:
            continue
    return frozenset(found)


def _texts(value: Any, kind: str) -> Iterator[tuple[str, bool]]:
    """Every text in a spec, and whether it is an expression as a whole."""
    if isinstance(value, str):
        yield value, False
    elif isinstance(value, Mapping):
        for word, item in value.items():
            if kind == "update_data" and word == "value" and isinstance(item, str):
                yield item, True
            else:
                yield from _texts(item, "")
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, "")
    elif isinstance(value, Effect):
        yield from _texts(value.to_spec(), value.kind)


def _holes(text: str) -> set[str]:
    found: set[str] = set()
    source, start = Source(text), text.find(_OPEN)
    while start >= 0:
        parser = Parser(source, Lexer(source, start + len(_OPEN)))
        found |= read_paths(parser.expression())
        start = text.find(_OPEN, parser.here.pos)
    return found
