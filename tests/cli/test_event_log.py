"""A log is read to its end, whatever its lines are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.cli.event_log import Entry, Malformed, in_order_of_arrival, read_line, read_log


def test_lines_become_entries_in_their_order():
    log = [
        '{"at": "2026-03-02T08:00:00Z", "event": "a", "data": {"x": 1}}\n',
        "\n",
        '{"at": 1772438400500, "event": "b"}\n',
        '{"event": "c", "data": null}',
    ]
    assert list(read_log(log)) == [
        Entry(1, 1772438400_000000, "a", {"x": 1}),
        Entry(3, 1772438400_500000, "b", {}),
        Entry(4, None, "c", {}),
    ]


@pytest.mark.parametrize(
    ("at", "microseconds"),
    [
        ("2026-03-02T09:00:00+01:00", 1772438400_000000),
        ("2026-03-02T08:00:00", 1772438400_000000),
        ("2026-03-02 08:00:00.000001", 1772438400_000001),
        (1772438400000.25, 1772438400_000250),
        (0, 0),
    ],
)
def test_times_are_told_in_several_ways(at, microseconds):
    assert read_line(1, json.dumps({"at": at, "event": "a"})).at == microseconds


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"at": "2026-03-02T08:0', "not JSON: Unterminated string"),
        ("[1, 2]", "not an object but [1, 2]"),
        ('"open"', 'not an object but "open"'),
        ('{"data": {}}', "`event` is not a name but null"),
        ('{"event": ""}', "`event` is not a name"),
        ('{"event": 7}', "`event` is not a name but 7"),
        ('{"event": "a", "data": [1]}', "`data` is not an object but [1]"),
        ('{"event": "a", "at": "noon"}', '`at` is not a time: "noon"'),
        ('{"event": "a", "at": true}', "`at` is not a time but true"),
        ('{"event": "a", "at": 1e300}', "`at` is not a time"),
        ('{"event": "a", "at": -1}', "`at` is not a time"),
        ('{"event": "a", "when": 1}', "unknown fields when; known: at, data, event"),
        ('{"event": "a", "data": {"x": NaN}}', "NaN is not JSON"),
        ('{"event": "\\ud800"}', "half a character"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_line_that_is_none_comes_out_with_its_reason(text, reason):
    found = read_line(7, text)
    assert isinstance(found, Malformed)
    assert (found.line, found.text) == (7, text)
    assert reason in found.reason


@given(st.text())
def test_no_text_at_all_breaks_the_reader(text):
    assert isinstance(read_line(1, text), Entry | Malformed)


@given(st.binary(max_size=60))
def test_no_bytes_at_all_break_the_reader(data):
    text = data.decode("utf-8", errors="replace")
    assert all(isinstance(e, Entry | Malformed) for e in read_log(text.splitlines()))


logs = st.dictionaries(
    st.sampled_from("abc"),
    st.lists(st.one_of(st.none(), st.integers(0, 50)), max_size=8).map(
        lambda times: [Entry(i, at, "e", {}) for i, at in enumerate(times)]
    ),
)


@given(logs)
def test_merging_keeps_each_log_in_its_order_and_loses_nothing(logs):
    merged = list(in_order_of_arrival(logs))
    for name, log in logs.items():
        assert [entry for whose, entry in merged if whose == name] == log
    latest = dict.fromkeys(logs, 0)
    seen = []
    for name, entry in merged:
        latest[name] = max(latest[name], entry.at or 0)
        seen.append(latest[name])
    assert seen == sorted(seen)
