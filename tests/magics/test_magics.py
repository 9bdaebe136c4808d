"""The magics, in a real IPython shell."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from traaviis_lab import Lab
from traaviis_lab.gallery import SmartDoor

DOOR = """
spec: traaviis/1
name: Little door
initial: shut
states:
  shut:
    transitions: [{on: open, to: wide}]
  wide: {}
"""


@pytest.fixture
def shell():
    quiet = Config()
    quiet.HistoryManager.enabled = False
    # a module of its own: the shell would else put itself in the place of `__main__`
    made = InteractiveShell(config=quiet, user_module=ModuleType("cells"))
    made.run_line_magic("load_ext", "traaviis_lab")
    yield made
    made.reset()
    sys.modules.pop("cells", None)


def complaint(shell, source):
    result = shell.run_cell(source)
    error = result.error_before_exec or result.error_in_exec
    assert error is not None
    return error


def answer(shell, source):
    result = shell.run_cell(source)
    result.raise_error()
    return result.result


def test_a_cell_of_yaml_becomes_a_chart_in_a_variable(shell):
    chart = answer(shell, f"%%machine{DOOR}")
    assert chart.name == "Little door"
    assert shell.user_ns["Little_door"] is chart
    answer(shell, f"%%machine small_one\n{DOOR}")
    assert shell.user_ns["small_one"].hash == chart.hash


def test_a_machine_is_made_known_to_a_lab(shell):
    with Lab() as lab:
        shell.user_ns["mine"] = lab
        answer(shell, f"%%machine door --lab mine\n{DOOR}")
        assert "Little door" in lab.machines()


def test_mistakes_are_marked_at_their_lines(shell, capsys):
    bad = DOOR.replace("to: wide", "to: wild").replace("wide: {}", "wide: {colour: red}")
    error = complaint(shell, f"%%machine\n{bad}")
    text = str(error)
    assert "▶ 7 │\x1b[0m \x1b[31m    transitions: [{on: open, to: wild}]" in text
    assert "there is no state 'wild'" in text
    assert "▶ 8" in text
    assert "2 things are wrong" in text
    assert "Traceback" not in capsys.readouterr().out
    assert "Little_door" not in shell.user_ns


def test_a_cell_that_is_no_yaml_says_so(shell):
    assert "this is no YAML" in str(complaint(shell, "%%machine\nspec: traaviis/1\na: [1\nb: 2"))
    assert "no name for a variable" in str(complaint(shell, f"%%machine a-b\n{DOOR}"))


def test_the_journal_is_asked_with_variables_as_parameters(shell):
    with Lab() as lab:
        lab.start(SmartDoor, id="d").send("open_command")
        shell.user_ns.update(lab=lab, wanted="open_command", text="x'; drop table events --")
        one = answer(shell, "%journal select seq, name from events where name = $wanted")
        assert one.to_dict("records") == [{"seq": 2, "name": "open_command"}]
        assert answer(shell, "%journal select $text as t, '$no' as n").iloc[0].tolist() == [
            "x'; drop table events --",
            "$no",
        ]
        answer(shell, "%%journal kept\nselect count(*) as n\nfrom events")
        assert shell.user_ns["kept"].n[0] == lab.run("d").seq


def test_wrong_questions_are_answered_kindly(shell):
    with Lab() as lab:
        shell.user_ns["lab"] = lab
        assert "there is none of that name" in str(complaint(shell, "%journal select $nothing"))
        assert "which SQL cannot take" in str(complaint(shell, "%journal select $lab"))
        assert "no question" in str(complaint(shell, "%journal"))
        assert "Which run" in str(complaint(shell, "%debug_run"))


def test_with_several_labs_one_says_which(shell):
    with Lab() as one, Lab() as two:
        two.start(SmartDoor, id="only_here")
        shell.user_ns.update(one=one, two=two)
        error = complaint(shell, "%journal select 1")
        assert "2 labs here: one, two" in str(error)
        assert "--lab one" in error.hint
        assert len(answer(shell, "%journal --lab two select * from runs")) == 1
        assert "no lab in a variable" in str(complaint(shell, "%journal --lab no select 1"))


def test_without_a_lab_the_default_one_is_asked(shell):
    assert len(answer(shell, "%journal select * from runs where run_id = 'none'")) == 0
    Lab.default().close()


def test_numbers_out_of_a_table_are_numbers(shell):
    with Lab() as lab:
        lab.start(SmartDoor, id="d")
        shell.user_ns["lab"] = lab
        shell.user_ns["seq"] = lab.sql("select max(seq) as seq from events")["seq"].iloc[0]
        found = answer(shell, "%journal select name from events where seq = $seq")
        assert found["name"].tolist() == ["SmartDoor"]


@pytest.mark.parametrize("name", ["class", "1st", "a-b"])
def test_a_word_that_cannot_be_a_variable_is_refused(shell, name):
    assert "is no name for a variable" in str(complaint(shell, f"%%machine {name}\n{DOOR}"))
    with Lab() as lab:
        shell.user_ns["lab"] = lab
        told = complaint(shell, f"%%journal {name}\nselect 1")
        assert "is no name for a variable" in str(told)
