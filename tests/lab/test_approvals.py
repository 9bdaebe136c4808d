"""Questions to a person: asked from any thread, answered once, withdrawn, and shown as text and HTML."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import CancelledError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab import Lab
from traaviis_lab.errors import LabError
from traaviis_lab.lab.approving import ANSWERS, Approvals
from traaviis_lab.lab.shown import shown_json, shown_line


@pytest.fixture
def approvals():
    return Approvals()


def put(approvals, text="An agent (a) wants to call destroy_fsm.", **more):
    return approvals.ask(text, who="a", tool="destroy_fsm", tenant="t", run="d1", **more)


def test_a_lab_has_one_list_of_questions():
    with Lab() as lab:
        assert lab.approvals is lab.approvals
        assert lab.approvals.pending() == ()


@pytest.mark.parametrize("answer", ANSWERS)
def test_who_asked_gets_the_answer_and_the_question_is_gone(approvals, answer):
    asked = put(approvals)
    assert approvals.pending() == (asked,)
    threading.Thread(target=approvals.answer, args=(asked.id, answer)).start()
    assert asked.answered.result(10) == answer
    assert approvals.pending() == ()


def test_a_question_is_answered_once(approvals):
    asked = put(approvals)
    approvals.answer(asked.id, "deny")
    with pytest.raises(LabError, match="it was answered"):
        approvals.answer(asked.id, "once")
    assert asked.answered.result() == "deny"


def test_of_many_who_answer_at_once_one_is_heard(approvals):
    asked = put(approvals)
    said, start = [], threading.Barrier(16)

    def answer(word):
        start.wait()
        try:
            approvals.answer(asked.id, word)
        except LabError:
            return
        said.append(word)

    threads = [threading.Thread(target=answer, args=(ANSWERS[n % 3],)) for n in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert said == [asked.answered.result()]


def test_one_that_is_withdrawn_takes_no_answer(approvals):
    asked = put(approvals)
    approvals.withdraw(asked.id)
    approvals.withdraw(asked.id)
    with pytest.raises(CancelledError):
        asked.answered.result(1)
    with pytest.raises(LabError, match="not asked any more"):
        approvals.answer(asked.id, "once")


def test_an_answer_stays_when_the_question_is_withdrawn_after_it(approvals):
    asked = put(approvals)
    approvals.answer(asked.id, "once")
    approvals.withdraw(asked.id)
    assert asked.answered.result() == "once"


def test_a_yes_to_who_has_given_up_is_not_taken_for_one(approvals):
    asked = put(approvals)
    asked.answered.cancel()  # its call was cancelled, and has not been withdrawn yet
    with pytest.raises(LabError, match="not asked any more"):
        approvals.answer(asked.id, "once")
    assert approvals.pending() == ()


def test_another_word_is_no_answer(approvals):
    asked = put(approvals)
    with pytest.raises(LabError, match="'yes' is no answer") as caught:
        approvals.answer(asked.id, "yes")
    assert "once, always, deny" in caught.value.hint
    assert approvals.pending() == (asked,)


def test_listeners_hear_what_comes_and_goes_until_they_end(approvals):
    heard = []
    end = approvals.on_change(lambda: heard.append(len(approvals.pending())))
    first, second = put(approvals), put(approvals)
    approvals.answer(first.id, "once")
    approvals.withdraw(second.id)
    approvals.withdraw(second.id)
    assert heard == [1, 2, 1, 0]
    end()
    end()
    put(approvals)
    assert heard == [1, 2, 1, 0]


def test_a_listener_that_fails_keeps_nobody_from_asking_and_answering(approvals, caplog):
    heard = []
    approvals.on_change(lambda: 1 / 0)
    approvals.on_change(lambda: heard.append(1))
    with caplog.at_level(logging.ERROR, "traaviis_lab"):
        asked = put(approvals)
        approvals.answer(asked.id, "once")
    assert asked.answered.result() == "once"
    assert len(heard) == 2
    assert "ZeroDivisionError" in caplog.text


def test_as_text_it_says_what_is_asked_and_how_to_answer(approvals):
    assert repr(approvals) == "<Approvals: none pending>"
    asked = put(approvals)
    lines = repr(approvals).splitlines()
    assert lines[0] == f"{asked.id}: An agent (a) wants to call destroy_fsm."
    assert "lab.approvals.answer(id" in lines[1]


def test_as_html_it_says_all_and_nothing_an_agent_writes_is_markup(approvals):
    assert "Nobody asks" in approvals._repr_html_()
    text = "An agent (<script>alert(1)</script>) wants $x$ and \\(y\\)."
    asked = put(approvals, text, arguments={"path": "<img src=x onerror=alert(1)>"})
    html = approvals._repr_html_()
    assert asked.id in html
    assert "<code>destroy_fsm</code>" in html
    assert "<script" not in html
    assert "<img" not in html
    assert "$x$" not in html, "it would be set as a formula"
    assert "\\(" not in html
    assert 'lab.approvals.answer(id, "once")' in html


def test_html_of_many_is_bounded(approvals):
    for _ in range(50):
        put(approvals, arguments={"text": "x" * 50_000})
    html = approvals._repr_html_()
    assert html.count("<li>") == 20
    assert "and 30 more" in html
    assert len(html) < 200_000


@given(st.text(), st.integers(1, 40))
def test_a_shown_line_is_one_line_that_is_seen_and_never_too_long(text, longest):
    line = shown_line(text, longest)
    assert len(line) <= longest
    assert len(line.splitlines()) <= 1
    assert all(char.isprintable() or char.isspace() for char in line)


def test_what_is_seen_is_left_as_it_is():
    assert shown_line("Zoë wants 漢字 for 3 €", 100) == "Zoë wants 漢字 for 3 €"
    assert shown_json({"name": "Zoë"}, 100) == '{\n  "name": "Zoë"\n}'


def test_what_is_no_json_and_what_is_half_a_letter_is_shown_all_the_same():
    assert "\\ud800" in shown_line("\ud800", 100)
    assert "object" in shown_json({"a": object()}, 100)
