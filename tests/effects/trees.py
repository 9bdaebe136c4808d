"""Random composed effects for tests: every kind, with leaves that complete, fail or stay inside."""

from hypothesis import strategies as st

from traaviis_lab import effects as fx

DATA = {"n": 0, "flag": True, "xs": [1, 2, 3], "text": "{{ data.n }}"}
"""The run's data the trees are written for."""

words = st.sampled_from(["a", "b", "c"])
fields = st.sampled_from(["", "", "", "got", "n"])
waits = st.sampled_from([0, 0.25, 1, 3])
texts = st.sampled_from(
    ["plain", "{{ data.n }}", "{{ data.text }}", "{{ event.none.deep }}", "{{ size(data.xs) }}"]
)
lists = st.sampled_from(["data.xs", "[]", "[7]", "data.flag", "data.xs + data.xs"])
conditions = st.sampled_from(["data.flag", "data.n > 0", "data.n", "!data.flag"])
concurrencies = st.integers(0, 2)

calls = st.builds(fx.call, words, st.fixed_dictionaries({"word": texts}), fields)
inside = st.one_of(
    st.builds(fx.log, texts),
    st.builds(fx.put_data, st.just("put"), texts),
    st.builds(fx.update_data, st.just("n"), st.sampled_from(["data.n + 1", "data.none"])),
    st.builds(fx.get_data, st.just("n"), fields),
)
leaves = st.one_of(calls, calls, calls, inside, st.builds(fx.delay, waits))


def _pairs(effect, undo):
    after = st.sampled_from(["completed", "completed", "started"])
    return st.builds(fx.with_compensation, effect, undo, undo_after=after, into=fields)


def _built(inner, pairs=None):
    several = st.lists(inner, min_size=1, max_size=3)
    some = several | st.just([])
    pairs = _pairs(inner, inner) if pairs is None else pairs
    return st.one_of(
        st.builds(lambda ones, into: fx.sequence(*ones, into=into), some, fields),
        st.builds(
            lambda ones, settle, most, into: fx.parallel(
                *ones, settle=settle, concurrency=most, into=into
            ),
            some,
            st.booleans(),
            concurrencies,
            fields,
        ),
        st.builds(lambda ones, into: fx.race(*ones, into=into), several, fields),
        st.builds(lambda ones, into: fx.fallback(*ones, into=into), several, fields),
        st.builds(
            lambda ones, into: fx.saga(*ones, into=into),
            st.lists(inner | pairs, min_size=1, max_size=3),
            fields,
        ),
        st.builds(fx.retry, inner, st.integers(1, 3), delay=waits, into=fields),
        st.builds(fx.timeout, inner, st.sampled_from([0.5, 2]), into=fields),
        pairs,
        pairs,
        st.builds(fx.circuit_breaker, inner, words, failures=st.integers(1, 3), into=fields),
        st.builds(fx.rate_limit, inner, words, st.just(2), into=fields),
        st.builds(fx.bulkhead, inner, words, st.just(2), into=fields),
        st.builds(fx.cache, inner, texts, st.just("1s"), into=fields),
        st.builds(fx.when, conditions, inner, st.none() | inner, into=fields),
        st.builds(
            fx.for_each, lists, inner, concurrency=concurrencies, settle=st.booleans(), into=fields
        ),
        st.builds(
            fx.batch, lists, inner, size=st.integers(1, 2), concurrency=concurrencies, into=fields
        ),
    )


wishes = st.recursive(leaves, _built, max_leaves=7)
trees = _built(st.recursive(leaves, _built, max_leaves=5))
"""Composed effects, nested a few deep."""

plain_calls = st.builds(fx.call, words, into=fields)
around_calls = plain_calls | st.one_of(
    st.builds(fx.retry, plain_calls, st.integers(1, 2)),
    st.builds(fx.bulkhead, plain_calls, words, st.just(2)),
    st.builds(fx.when, st.just("data.flag"), plain_calls),
)
single_pairs = _pairs(around_calls, plain_calls)


def _of_pairs(inner):
    return _built(inner, single_pairs)


bookings = _of_pairs(st.recursive(leaves | single_pairs | single_pairs, _of_pairs, max_leaves=5))
"""Trees of which all that can be undone is a single call, and so is what undoes it."""
