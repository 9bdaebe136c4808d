"""Data are cut to what a person can read, and patches make one picture out of the other."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.widgets.portrait import changes, fields_changed, portray, portray_data

plain = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
json_values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)
datas = st.dictionaries(st.text(min_size=1, max_size=3), json_values, max_size=4)


def test_long_things_are_cut_and_say_how_much():
    assert portray("x" * 1000).endswith("… 600 more")
    assert portray(list(range(100)))[-1] == "… 40 more"
    assert portray_data({f"k{i}": i for i in range(300)})["…"] == "100 more"
    deep = value = {}
    for _ in range(20):
        value["in"] = value = {}
    assert "…" in json.dumps(portray(deep), ensure_ascii=False)


def test_a_change_names_the_deepest_place():
    old = {"a": {"b": [1, 2]}, "gone": 1, "same": "x"}
    new = {"a": {"b": [1, 3]}, "came": 2, "same": "x"}
    assert changes(old, new) == [
        {"path": "a.b.1", "old": 2, "new": 3},
        {"path": "gone", "old": 1},
        {"path": "came", "new": 2},
    ]
    assert changes({"a": True}, {"a": 1}) == [{"path": "a", "old": True, "new": 1}]


@given(datas, datas)
def test_a_patch_makes_the_new_out_of_the_old(old, new):
    patch = fields_changed(old, new)
    if patch is None:
        assert old == new
        return
    made = {k: v for k, v in {**old, **patch["set"]}.items() if k not in patch["del"]}
    assert made == new


@given(datas)
def test_nothing_changed_is_no_change(data):
    again = json.loads(json.dumps(data))
    assert changes(portray_data(data), portray_data(again)) == []
    assert fields_changed(data, again) is None
