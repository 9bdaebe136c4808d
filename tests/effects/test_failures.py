"""Which failures are meant by what an effect says in `on`."""

import builtins

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab import errors
from traaviis_lab.effects.failures import error_matches, kinds_of

REFUSED = {
    "kind": "EffectError",
    "message": "call_api: the server answered 503",
    "hint": "",
    "status": 503,
    "chain": [{"kind": "HTTPStatusError", "message": "503"}],
}


@pytest.mark.parametrize(
    ("on", "error", "meant"),
    [
        ((), {"kind": "ValueError"}, True),
        ((), {}, True),
        (("ValueError",), {"kind": "ValueError"}, True),
        (("ValueError",), {"kind": "KeyError"}, False),
        (("LookupError",), {"kind": "KeyError"}, True),
        (("KeyError",), {"kind": "LookupError"}, False),
        (("OSError",), {"kind": "ConnectionRefusedError"}, True),
        (("IOError",), {"kind": "FileNotFoundError"}, True),
        (("EffectError",), {"kind": "EffectTimeout"}, True),
        (("TimeoutError",), {"kind": "EffectTimeout"}, True),
        (("EffectTimeout",), {"kind": "EffectError"}, False),
        (("LabError",), {"kind": "NoHandler"}, True),
        (("Exception",), {"kind": "ConnectError"}, True),
        (("EffectError",), {"kind": "ConnectError"}, False),
        (("ConnectError",), {"kind": "ConnectError"}, True),
        (("HTTPStatusError",), REFUSED, True),
        ((503,), REFUSED, True),
        ((500, 502), REFUSED, False),
        (("ReadTimeout", 503), REFUSED, True),
        (("503",), REFUSED, True),
        (("5xx",), REFUSED, True),
        (("4xx",), REFUSED, False),
        ((1,), {"kind": "X", "status": True}, False),
        (("object",), {"kind": "ValueError"}, False),
        (("print",), {"kind": "ValueError"}, False),
    ],
)  # fmt: skip
def test_a_failure_is_meant_by_its_kind_its_ancestors_its_causes_and_its_status(on, error, meant):
    assert error_matches(on, error) is meant


@pytest.mark.parametrize("name", ["chain", "also"])
def test_what_it_came_from_and_what_failed_beside_it_count_with_their_ancestors(name):
    inner = {"kind": "EffectError", "message": "", name: [{"kind": "BrokenPipeError"}]}
    error = {"kind": "Group", "message": "", name: [{"kind": "X", "message": ""}, inner]}
    assert error_matches(("ConnectionError",), error)
    assert not error_matches(("ValueError",), error)


def test_the_status_of_one_that_failed_beside_it_counts():
    assert error_matches((503,), {"kind": "EffectError", "also": [REFUSED]})


@pytest.mark.parametrize(
    "odd",
    [{"kind": None}, {"kind": 3, "chain": "text"}, {"chain": [None, "x", 3]}, {"also": {"a": 1}}],
)
def test_a_failure_that_is_written_oddly_is_not_meant_and_breaks_nothing(odd):
    assert not error_matches(("ValueError", 503), odd)


def every_error():
    for place in (errors, builtins):
        for one in vars(place).values():
            if isinstance(one, type) and issubclass(one, BaseException):
                yield one


ERRORS = sorted(set(every_error()), key=lambda one: one.__name__)


@given(st.sampled_from(ERRORS), st.sampled_from(ERRORS))
def test_on_means_what_an_except_clause_would_catch(caught, raised):
    meant = error_matches((caught.__name__,), {"kind": raised.__name__})
    assert meant is issubclass(raised, caught)


@given(st.text(), st.text())
def test_a_kind_that_is_not_known_here_is_meant_by_its_name_only(kind, other):
    if kinds_of(kind) == {kind, "Exception", "BaseException"}:
        assert error_matches((kind,), {"kind": kind})
        assert error_matches((other,), {"kind": kind}) == (other in kinds_of(kind))
