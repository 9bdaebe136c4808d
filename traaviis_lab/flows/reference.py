"""The reference page of the chart spec (`docs/spec.md`), made from its JSON Schema."""

from __future__ import annotations

from typing import Any

from traaviis_lab.machine.names import write_duration
from traaviis_lab.machine.schema import Schema, spec_schema

from .examples import GROUPS

EXAMPLE = """\
spec: traaviis/1
name: SmartDoor
version: "1.0.0"
data: {opened: 0, locked: false}
initial: closed
states:
  closed:
    transitions:
      - {on: open_command, to: opening}
  opening:
    enter:
      - {kind: log, message: motor on}
    transitions:
      - {on: fully_open, to: open, assign: {opened: "data.opened + 1"}}
  open:
    transitions:
      - {on: close_command, to: closing, when: "!data.locked", do: {kind: log, message: closing}}
  closing:
    transitions:
      - {on: obstacle, to: opening}
      - {on: fully_closed, to: closed}
    after:
      - {delay: 30s, to: opening}
"""
PYTHON = """\
from traaviis_lab import Machine, State, effects as fx


class SmartDoor(Machine):
    data = {"opened": 0, "locked": False}

    closed = State(initial=True)
    opening = State(enter=fx.log("motor on"))
    open = State()
    closing = State(after={"30s": opening})

    closed.to(opening, on="open_command")
    opening.to(open, on="fully_open", assign={"opened": "data.opened + 1"})
    open.to(closing, on="close_command", when="!data.locked", do=fx.log("closing"))
    closing.to(opening, on="obstacle")
    closing.to(closed, on="fully_closed")
"""
NESTED = """\
spec: traaviis/1
name: Player
states:
  standby:
    transitions:
      - {on: power, to: before}
  playing:
    parallel: true
    order: [track, sound]
    transitions:
      - {on: power, to: standby}
    states:
      track:
        states:
          stopped:
            transitions:
              - {on: play, to: moving}
          moving:
            transitions:
              - {on: stop, to: stopped}
      sound:
        states:
          normal:
            transitions:
              - {on: mute, to: muted}
          muted:
            transitions:
              - {on: mute, to: normal}
      before: {history: deep}
"""
OUTCOMES = """\
spec: traaviis/1
name: Weather
data: {city: Turin, report: null}
events:
  asked:
    properties:
      city: {type: string, title: City}
    required: [city]
states:
  idle:
    transitions:
      - {on: asked, to: fetching, assign: {city: event.city}}
    validate:
      - {on: asked, when: size(event.city) > 0, reason: Name a city.}
  fetching:
    enter:
      - {kind: call, function: fetch_weather, args: {city: "{{ data.city }}"}, into: report}
    on_success: {to: idle, do: {kind: log, message: "{{ data.city }}: {{ data.report }}"}}
    on_error: {to: idle, do: {kind: log, message: "{{ event.message }}", level: error}}
"""

_INTRO = """\
# The chart spec

<!-- Made from the JSON Schema by traaviis_lab.flows.spec_page(); a test tells when it is stale. -->

A chart is one document, `spec: traaviis/1`, in YAML 1.2 or JSON. It is what a `Machine` class
stands for, too: `SmartDoor.chart.to_spec()` gives the document of a class, `read_chart(text)` the
chart of a document, `write_chart(chart)` its text. What comes out is the *normal form*: one way to
write each chart, with what may be left unsaid written out (`initial`, the `default` of a history
state) and what is usual left out. `chart.hash` is the SHA-256 of the normal form as RFC 8785
canonical JSON. The order of the keys in a mapping never changes it, except where `initial` is
left out: then the first state as written is where one starts.

The schema is published as [`schema/traaviis-1.json`](schema/traaviis-1.json) (JSON Schema
2020-12), and `traaviis_lab.flows.spec_schema()` gives it with the effects of your plugins. It
cannot express everything: that targets exist, that ids are unique and that expressions compile is
checked when the chart is read. All mistakes are told at once, each with its place, its value and
its cure.
"""
_CLASSES = """\
States are attributes, and a state inside another is named in its `states=[...]`. `state.to(...)`
and `state.after(...)` draw the arrows; all other keys of a state are keywords of `State`, with
`title=` and `notes=` for its `meta`. `class Alarm(Machine, parallel=True)` makes the top-level
states regions, in the order in which they are written. A derived class has all that its base has;
to draw more arrows from a state of the base, write `closed = SmartDoor.closed.extend()` in it
first. `when=` and `assign=` take Python functions of `(data, event)` too; such a chart is not
*portable*: it runs, but has no document.
"""
_RULES = """\
## Rules that hold for all of it

- **State ids** are unique in the whole chart. They have no spaces, dots, quotes, brackets or `#`.
- **Event names** are words joined by dots. A transition may also listen for `a.*` (which matches
  `a.b` and `a.b.c`, not `a`) and for `*`. Names that begin with `done.`, `error.` or `after.` are
  the engine's own: listen for them, but nobody else may raise them.
- **Document order** is as written, except that the regions of a parallel state are in the order
  of its `order`, or else of their ids.
- **Durations** are seconds, or texts such as `250ms`, `2s`, `1.5m`, `1h`; a hundred years at most.
- **Expressions** are described in [Expressions](expressions.md). A number, `true`, `false` or
  `null` stands for itself; a text is an expression, so a fixed text needs quotes in it: `"'away'"`.
- **Templates**: texts in effects may hold `{{ expression }}`. A text that is nothing but one
  template becomes its value, whatever its type.
- **Limits**: 10,000 states, 100 levels of nesting, 500,000 values; whole numbers up to 2^53 - 1.
  A step that would make more than 64 MiB of data, or ask for effects or raise events of more than
  256 MiB, is refused before it is built. A macrostep of a portable chart that has not settled after
  2 s of its
  thread's time is left (`RunawayChart`). In all three cases the run stands where it stood.
- **YAML** is read by version 1.2: `on` and `yes` are texts. Keys may not stand twice. There are no
  tags beyond the core and no merge keys.
"""

_EFFECTS = """\
An effect is a mapping with a `kind`. `enter`, `exit` and `do` take a list of effects, or one. In
Python they are spelled `fx.log(...)`, with `from traaviis_lab import effects as fx`. Each kind has
a page with its fields; [Effects](effects.md) says how they behave and how they are put together.
"""

_SECTIONS = (
    ("The chart", "", "The top of the document."),
    ("States", "state", "The value of each key under `states`; an empty one may be left blank."),
    (
        "Transitions",
        "transition",
        "The items of `transitions`. Inner states are asked first, and of one state's transitions "
        "the first that can be taken is.",
    ),
    ("Timed transitions", "after", "The items of `after`."),
    (
        "Outcomes",
        "outcome",
        "`on_success` and `on_error`: transitions on `done.invoke.<state>` and "
        "`error.invoke.<state>`, which come when the `enter` effects have ended.",
    ),
    ("Checks", "check", "The items of `validate`. A refused event changes nothing."),
    (
        "Hooks",
        "hook",
        "The items of `hooks` ([Hooks](hooks.md)). The normal form has them in the states and "
        "arrows.",
    ),
    (
        "Components",
        "component",
        "The items of `components` ([Components](components.md)), gone in the normal form as well.",
    ),
    (
        "Event data",
        "payload",
        "The values under `events`: a small, closed part of JSON Schema. It makes the form in the "
        "widget, and wrong data is refused.",
    ),
    ("Fields of event data", "property", "The values under `properties`."),
)


_NOTHING: tuple[Any, ...] = (None, "", [], {})


def spec_page() -> str:
    """The page as MyST Markdown."""
    schema = spec_schema([kind for examples in GROUPS.values() for kind in examples])
    parts = [_INTRO, "## A first example\n", fence(EXAMPLE)]
    parts += ["The same chart, to the hash, as a class:\n", fence(PYTHON, "python"), _CLASSES]
    for title, name, meaning in _SECTIONS:
        part = schema["$defs"][name] if name else schema
        parts += [f"## {title}\n", f"{meaning}\n", keys_table(schema, part)]
    parts += ["## Effects\n", _EFFECTS, _kinds_table()]
    parts += [_RULES, "## More examples\n", "Regions side by side, and a deep history:\n"]
    parts += [fence(NESTED), "A call to the outside, its outcome, and a checked event:\n"]
    parts.append(fence(OUTCOMES))
    return "\n".join(parts)


def _kinds_table() -> str:
    rows = ["| | kinds |", "|---|---|"]
    for title, examples in GROUPS.items():
        rows.append(f"| {title} | {', '.join(f'[`{k}`](effects/{k}.md)' for k in examples)} |")
    return "\n".join(rows) + "\n"


def fence(text: str, language: str = "yaml") -> str:
    """A block of code."""
    return f"```{language}\n{text}```\n"


def keys_table(schema: Schema, part: Schema) -> str:
    """The keys of a part of the schema: what each takes and means."""
    rows = ["| key | takes | meaning |", "|---|---|---|"]
    for key, value in part["properties"].items():
        if key == "kind":
            continue
        needed = " (required)" if key in part.get("required", ()) else ""
        usual = f" Usual: `{_plain(value)}`." if value.get("default") not in _NOTHING else ""
        cells = (
            f"`{key}`{needed}",
            _takes(schema, value),
            f"{value.get('description', '')}{usual}",
        )
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _takes(schema: Schema, value: Schema) -> str:
    if "const" in value:
        return f"`{value['const']}`"
    if "title" in value:
        return str(value["title"])
    if "$ref" in value:
        return str(schema["$defs"][value["$ref"].rpartition("/")[2]]["title"])
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    named = {"object": "mapping", "array": "list", "number": "number"}
    return named.get(value.get("type", ""), "any JSON")


def _plain(value: Schema) -> str:
    """The default of a key, as one would write it."""
    usual = value["default"]
    if isinstance(usual, bool):
        return str(usual).lower()
    return str(write_duration(usual) if value.get("title") == "duration" else usual)
