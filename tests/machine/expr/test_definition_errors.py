"""What cannot work is refused when it is written, with the place and the cure."""

from __future__ import annotations

import pickle
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from traaviis_lab.errors import DefinitionError
from traaviis_lab.machine.expr import compile_expression


def refuse(text, **options) -> DefinitionError:
    with pytest.raises(DefinitionError) as caught:
        compile_expression(text, **options)
    return caught.value


def test_the_caret_stands_under_the_fault():
    error = refuse("!data.lockd &&", where="open#0, when")
    assert str(error) == (
        "open#0, when: A value should stand here, but the text ends.\n"
        "    !data.lockd &&\n"
        "                  ^"
    )
    assert "\n    foo == 2\n    ^" in str(refuse("data.x > 1 &&\nfoo == 2\n&& true"))


def test_the_caret_of_a_long_text_shows_its_surroundings():
    message = str(refuse("data.a + " * 50 + "foo" + " + data.b" * 30))
    line, caret = message.splitlines()[1:]
    assert len(line) < 140
    assert line[caret.index("^") :].startswith("foo")


@pytest.mark.parametrize(
    ("text", "says", "hint"),
    [
        ("dta.locked", "Unknown name 'dta'", "Did you mean 'data'?"),
        ("evnt.x", "Unknown name 'evnt'", "Did you mean 'event'?"),
        ("foo", "Unknown name 'foo'", "Names here: data, event, result, state."),
        ("data.xs.all(item, itm > 1)", "Unknown name 'itm'", "Did you mean 'item'?"),
        ("True", "Unknown name 'True'", "Write true."),
        ("data.x == None", "Unknown name 'None'", "Write null."),
        ("data.a and data.b", "there is 'and'", "Write && for 'and'."),
        ("not data.a", "", ""),
        ("data.a = 1", "'='", "Write == to compare."),
        ("data.a & data.b", "'&'", "Write && for 'and'."),
        ("len(data.xs)", "Unknown function 'len'", "Did you mean 'size'?"),
        ("data.s.startswith('a')", "Unknown method 'startswith'", "Did you mean 'startsWith'?"),
        ("data.s.includes('a')", "Unknown method 'includes'", "Did you mean 'contains'?"),
        ("frobnicate(1)", "Unknown function 'frobnicate'", "Known: all, bool"),
        ("contains(data.s, 'a')", "contains() is no function", "Write value.contains(...)."),
        ("data.s.int()", "int() is no method", "Write int(value)."),
        ("data.xs.all(x)", "all() is not written like this", "Write list.all(x, test)."),
        ("has(data)", "has() asks for a field", "Write has(data.name)."),
        ("has(data['a'])", "has() asks for a field", ""),
        ("data.xs.map(1, 2)", "first argument of map() is a variable's name", ""),
        ("size(1, 2)", "size() takes 1 argument, not 2", ""),
        ("data.s.contains()", "contains() takes 1 argument, not 0", ""),
        ('1 + "a"', "'+' cannot take an int and a string", "string()"),
        ("1 + 1.0", "'+' cannot take an int and a double", "double(x)"),
        ("1u + 1", "'+' cannot take a uint and an int", ""),
        ("data.x + true", "'+' cannot take a value and a bool", ""),
        ("5.0 % 2.0", "'%' cannot take a double and a double", ""),
        ("!5", "'!' cannot take a value of type int; it needs bool", ""),
        ('"a" && true', "'&&' cannot take a value of type string", ""),
        ("1 ? 2 : 3", "'?' cannot test a value of type int", ""),
        ('1 == "a"', "'==' cannot take an int and a string", "never be equal"),
        ("1 < 'a'", "'<' cannot take an int and a string", ""),
        ("null < null", "'<' cannot take", ""),
        ("1 in 'abc'", "'in' cannot take an int and a string", ""),
        ("-'a'", "'-' cannot take a value of type string", ""),
        ("[1]['a']", "The index is a value of type string", ""),
        ("5[0]", "[ ] is used on a value of type int", ""),
        ("'a'.b", "Field 'b' is asked of a value of type string", ""),
        ("{1.5: 2}", "The key of a map cannot be a value of type double", ""),
        ("size(5)", "size() is given a value of type int", ""),
        ("5.map(x, x)", "map() goes through a value of type int", ""),
        ("[1].all(x, 'a')", "The test of all() is a value of type string", ""),
        ("!-data.x", "'!' and '-' cannot stand side by side", ""),
        ("9223372036854775808", "does not fit in 64 bits", ""),
        ("18446744073709551616u", "does not fit in 64 bits", ""),
        ("'abc", "The text opened by ' is not closed", ""),
        ("'a\\q'", "escape is unknown", "A backslash itself is written \\\\."),
        ("'\\ud800'", "escape is unknown or stands for no character", ""),
        ("(1", "A ')' is missing to close '('", ""),
        ("[1", "A ']' is missing to close the list", ""),
        ("{'a' 1}", "A ':' is missing between a key and its value", ""),
        ("data.", "A field's name should follow '.'", ""),
        ("data.x data.y", "The expression should end here, but there is 'data'", ""),
        ("", "the text is empty", ""),
        ("for", "there is 'for'", ""),
        ("data.s.matches('(a')", "The regular expression cannot be read: a ( is not closed", ""),
        ("data.s.matches(r'(a)\\1')", "references back to a group", ""),
    ],
)
def test_what_is_refused_says_what_and_how(text, says, hint):
    error = refuse(text)
    assert says in error.message
    assert hint in error.hint
    assert "^" in error.message


def test_a_text_is_needed():
    assert "not 5 (int)" in refuse(5).message
    assert "not true (bool)" in refuse(True, where="a#0, when").message


def test_the_expected_type_is_checked_where_it_is_known():
    assert "type int where bool is needed" in refuse("data.n + 1", expected="bool").message
    assert "type bool where string" in refuse("data.n > 1", expected="string").message
    compile_expression("data.n", expected="bool")
    with pytest.raises(ValueError, match="is no type"):
        compile_expression("data.n", expected="boolean")


def test_only_the_given_names_are_known():
    compile_expression("event.x", names=("event",))
    assert "Unknown name 'data'" in refuse("data.x", names=("event",)).message


def test_errors_pickle_with_their_hint():
    error = pickle.loads(pickle.dumps(refuse("dta.x")))
    assert error.hint == "Did you mean 'data'?"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        st.text(max_size=30),
        st.text("data.xs(){}[]'\"\\ +-*/%!&|=<>?:,in0189uxe`\n", max_size=40),
    )
)
def test_any_text_is_either_compiled_or_refused(text):
    with suppress(DefinitionError):
        compile_expression(text)
