"""`matches()` agrees with RE2 on random patterns, and never takes long."""

from __future__ import annotations

import pytest
from cel_expr_python import cel
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from traaviis_lab.machine.expr.regex import find, read_pattern

ENV = cel.NewEnv(variables={"s": cel.Type.STRING, "p": cel.Type.STRING})
MATCHES = ENV.compile("s.matches(p)")

ATOMS = [
    "a", "b", "A", "é", "É", "s", "k", "1", "_", " ", "\n", "\\n", "\\.", ".", "-", "]", "}", "{", ",",
    "\\d", "\\D", "\\w", "\\W", "\\s", "\\S", "\\b", "\\B", "^", "$", "\\A", "\\z", "\\pL", "\\PL", "\\p{Lu}", "\\p{^Lu}",
    "[ab]", "[^a]", "[a-c1]", "[\\d_]", "[[:alpha:]]", "[[:^digit:]b]", "[]a]", "[^]]", "[a-]", "[-a]", "[\\x41-\\x43]", "[\\PL]", "[^\\D]",
    "\\x61", "\\x{e9}", "\\07", "\\141", "\\Qa.\\E", "\\-", "[.]", "[\\n]", "\\1", "\\8", "\\Z", "\\q", "[z-a]", "[[:nope:]]", "[",
]  # fmt: skip
patterns = st.recursive(
    st.sampled_from(ATOMS),
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map("".join),
        st.lists(st.one_of(inner, st.just("")), min_size=2, max_size=3).map("|".join),
        st.tuples(
            st.sampled_from(["(", "(?:", "(?P<n>", "(?<m>", "(?i:", "(?s:", "(?m:", "(?i)(", "(?-i:", "(?ms)(", "(?="]), inner
        ).map(lambda pair: f"{pair[0]}{pair[1]})"),
        st.tuples(
            inner,
            st.sampled_from(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0}", "{1,}", "{,2}", "{2,1}", "{2}?", "**", "{2}{3}", "{1001}"]),
        ).map("".join),
    ),
    max_leaves=8,
)  # fmt: skip
subjects = st.text("abAkKsSéÉ1_ \n.-]{}\u212a\u017f\u0007", max_size=8)


def theirs(text: str, pattern: str) -> object:
    value = MATCHES.eval(data={"s": text, "p": pattern})
    return value.value() if value.type() == cel.Type.BOOL else None


def ours(text: str, pattern: str) -> object:
    try:
        program = read_pattern(pattern)
    except ValueError:
        return None
    return find(program, text)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(patterns, st.lists(subjects, min_size=1, max_size=4))
@example("(?i)K", ["\u212a", "k"])
@example("(?i)[^k]", ["\u212a", "k", "K"])
@example("(?i)\\w", ["\u017f"])
@example("a(?i)b|c", ["aB", "C"])
@example("(a|(?i)b)c", ["Bc", "BC"])
@example("(?m)$\n^", ["a\nb"])
@example("\\b", ["", " ", "a"])
@example("(a*)*", ["b"])
@example("(?:)", [""])
@example("a{0}b", ["b"])
@example("x{2,3}y", ["xxy", "xy", "xxxxy"])
def test_same_as_re2(pattern, texts):
    for text in texts:
        mine, real = ours(text, pattern), theirs(text, pattern)
        event(f"{type(mine).__name__} {mine}")
        assert mine == real, (pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(a+)+$", "a" * 5000 + "b"),
        ("(a|aa)+$", "a" * 5000 + "b"),
        (".*.*.*.*.*=.*", "x" * 5000),
        ("(x+x+)+y", "x" * 5000),
        ("(?:a?){30}a{30}", "a" * 29),
        ("(.*)(.*)(.*)(.*)(.*)[^a]$", "a" * 5000),
    ],
)
def test_patterns_that_stall_others_do_not_stall_us(pattern, text):
    assert find(read_pattern(pattern), text) is False


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"(a)\1", "references back"),
        ("(?=a)", "lookaround"),
        ("(?<!a)b", "lookaround"),
        ("a" * 1001, "1,000 is the most"),
        ("(((a{99}){99}){99}", "too large|too many|not closed"),
        ("((){1000}){1000}", "multiply"),
        ("(" * 60 + ")" * 60, "groups"),
        ("[[:foo:]]", "unknown"),
        ("\\p{Greek}", "general categories"),
        ("a**", "one repetition follows another"),
        ("(?)", "nothing"),
    ],
)
def test_what_is_refused_says_why(pattern, why):
    with pytest.raises(ValueError, match=why):
        read_pattern(pattern)


def test_memory_of_a_search_is_bounded():
    program = read_pattern("(a|b)*a(a|b){12}c")
    for number in range(1000):
        find(program, f"{number:012b}".replace("0", "a").replace("1", "b") * 2)
    assert program.known <= 5_100
    assert find(program, "a" * 13 + "c")
