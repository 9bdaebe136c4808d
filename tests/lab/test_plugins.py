"""Plugins of packages that are really installed: a module and its dist-info on the path."""

import logging
import sys
import textwrap
from itertools import count

import pytest

from traaviis_lab import Lab, read_chart
from traaviis_lab.effects import VOCABULARY, Log
from traaviis_lab.machine.mixing.registry import components, forget_component

NUMBERS = count()
GOOD = '''
"""A plugin that brings one of each."""

from dataclasses import dataclass, field

from traaviis_lab import Machine, State
from traaviis_lab.effects import Effect
from traaviis_lab.flows import Component
from traaviis_lab.machine.effect import word


@dataclass(frozen=True, slots=True)
class Greet(Effect):
    """Greet somebody."""

    whom: str = field(metadata=word("text", "Who."))
    into: str = field(default="", metadata=word("text", "Where to."))


async def greet(effect, scope):
    return f"Hello {effect.whom}"


class Greeter(Machine):
    idle = State(initial=True)


polite = Component("polite", "Says thanks.", lambda values, prefix: {
    "hooks": [{"on_exit": "*", "do": [{"kind": "log", "message": "thanks"}]}]
})


def plugin(kit):
    kit.effect(Greet, greet)
    kit.component(polite)
    kit.machine(Greeter)

    @kit.function
    def shout(text):
        return text.upper()
'''
DOCUMENT = """
spec: traaviis/1
name: Hello
components: {use: polite}
states:
  here:
    enter: [{kind: greet, whom: Ada, into: said}, {kind: call, function: shout, args: {text: hi}, into: loud}]
    on_success: {to: done}
  done: {final: true}
"""


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Installs a package whose module has this text; what it left in this process is taken away."""
    words, known = dict(VOCABULARY), set(components())
    monkeypatch.syspath_prepend(tmp_path)
    made = []

    def install(text, *, name="", value="{module}:plugin", version="1.2.3"):
        module = f"plugged_{next(NUMBERS)}"
        made.append(module)
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(text))
        info = tmp_path / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {module}\nVersion: {version}\n"
        )
        points = f"[traaviis_lab.plugins]\n{name or module} = {value.format(module=module)}\n"
        (info / "entry_points.txt").write_text(points)
        monkeypatch.syspath_prepend(str(tmp_path / f"nowhere{next(NUMBERS)}"))  # the path is new
        return module

    yield install
    for module in made:
        sys.modules.pop(module, None)
    VOCABULARY.clear()
    VOCABULARY.update(words)
    for name in set(components()) - known:
        forget_component(name)


def until_done(run):
    from time import monotonic, sleep

    end = monotonic() + 20
    while not run.done:
        assert monotonic() < end, run.state
        sleep(0.005)


def rows(lab):
    return lab.plugins().to_dict("records")


def test_a_plugin_brings_one_of_each_to_every_lab(installed):
    module = installed(GOOD)
    for _ in range(2):
        with Lab() as lab:
            assert rows(lab) == [
                {
                    "name": module,
                    "package": module,
                    "version": "1.2.3",
                    "brought": "effect greet, handler greet, component polite, machine Greeter, "
                    "function shout",
                    "error": "",
                }
            ]
            run = lab.start(read_chart(DOCUMENT))
            until_done(run)
            assert run.data == {"said": "Hello Ada", "loud": "HI"}
            assert "Greeter" in lab.machines()
            assert "polite" in list(lab.components()["name"])


def test_without_plugins_there_is_an_empty_table():
    with Lab() as lab:
        assert list(lab.plugins().columns) == ["name", "package", "version", "brought", "error"]
        assert len(lab.plugins()) == 0
        known = lab.components().set_index("name")
        assert known.loc["security", "parameters"][:2] == ["attempts", "lockout"]


BAD = {
    "it does not import": ("import nothing_of_this_name\ndef plugin(kit): pass", "ModuleNotFoundError"),
    "it ends the process": ("raise SystemExit(3)", "SystemExit: 3"),
    "it has no plugin": ("x = 1", "AttributeError"),
    "it fails half way": (GOOD + "\n    kit.function(print, 'p')\n    raise ValueError('so far')", "so far"),
    "a word of ours": (GOOD.replace("Greet(", "Log(").replace("Greet,", "Log,"), "defines an effect 'log'"),
    "a component of ours": (GOOD.replace('"polite"', '"logger"'), "a component 'logger' already"),
    "a handler of ours": (GOOD + "\n    kit.handler('delay', greet)", "a handler 'delay' already"),
    "no async handler": (GOOD.replace("async def", "def"), "it is no async function"),
    "a function twice": (GOOD + "\n    kit.function(print, 'shout')", "a function 'shout' already"),
    "no machine": (GOOD + "\n    kit.machine(3)", "is not a machine"),
    "no effect": (GOOD + "\n    kit.effect(Greeter)", "is no effect"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_one_that_fails_is_a_row_and_a_warning_and_leaves_nothing(case, installed, caplog):
    text, said = BAD[case]
    module = installed(text, name="bad")
    words, known = dict(VOCABULARY), dict(components())
    for _ in range(2):
        with caplog.at_level(logging.WARNING, "traaviis_lab"), Lab() as lab:
            [row] = rows(lab)
            assert (row["name"], row["package"], row["brought"]) == ("bad", module, "")
            assert said in row["error"]
            assert dict(components()) == known
            assert words.items() <= VOCABULARY.items()
            assert VOCABULARY["log"] is Log
            assert "greet" not in VOCABULARY
            assert lab.machines() == {}
            assert lab._engine.functions == {}
            assert (
                lab.start(read_chart("{spec: traaviis/1, name: A, states: {a: {}}}")).state == "a"
            )
    assert f"plugin bad ({module} 1.2.3) was left out" in caplog.text


def test_a_package_without_metadata_may_still_bring_something(installed, tmp_path):
    module = installed(GOOD)
    (tmp_path / f"{module}-1.2.3.dist-info" / "METADATA").unlink()
    with Lab() as lab:
        [row] = rows(lab)
        assert (row["name"], row["error"]) == (module, "")
        assert "Greeter" in lab.machines()


def test_of_two_that_want_a_word_the_first_by_name_has_it(installed):
    installed(GOOD, name="a_first")
    installed(GOOD, name="b_second")
    with Lab() as lab:
        first, second = rows(lab)
        assert (first["name"], first["error"]) == ("a_first", "")
        assert (second["name"], second["brought"]) == ("b_second", "")
        assert "'greet'" in second["error"]
        run = lab.start(read_chart(DOCUMENT))
        until_done(run)
        assert run.data["said"] == "Hello Ada"
