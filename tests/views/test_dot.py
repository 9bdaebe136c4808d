"""DOT text that graphviz reads, with clusters for compound states."""

import json
import sys

import pytest
from hypothesis import given

from tests.machine.charts import chart_specs, tries
from tests.views.house import DOOR, HOSTILE, ODD, chart, hostile_chart, large
from traaviis_lab.errors import LayoutFailed, NotInstalled
from traaviis_lab.views import layout, to_dot


def read_back(dot):
    """What graphviz understood: (names of nodes, names of clusters, number of edges)."""
    # osage only packs boxes: what is asked here is whether the text is read, and the wheel's dot
    # gives up on some edges between clusters that it has read well.
    read = json.loads(layout.draw(dot, format="dot_json", engine="osage"))
    objects = read.get("objects", [])
    nodes = {
        one["name"]
        for one in objects
        if "nodes" not in one and not one["name"].startswith("cluster")
    }
    clusters = {one["name"] for one in objects if one["name"].startswith("cluster")}
    return nodes, clusters, read.get("edges", [])


def test_states_are_nodes_and_boxes_are_clusters():
    nodes, clusters, edges = read_back(to_dot(chart(ODD)))
    assert {"a1", "a2", "b1", "b2", "hb", "c", "z"} <= nodes
    assert clusters == {"cluster_w", "cluster_a", "cluster_b"}
    into = next(
        edge for edge in edges if edge.get("label") == "up" and edge.get("lhead") == "cluster_w"
    )
    assert into["labeltooltip"] == "z → w: up"


def test_signs_of_the_trade():
    dot = to_dot(chart(ODD))
    assert 'label="H", shape=circle' in dot
    assert "dashed,rounded" in dot
    assert "ε [false]" in dot
    dot = to_dot(chart(DOOR))
    assert "shape=doublecircle" in dot
    assert "after 30s" in dot
    assert "enter / log" in dot


@tries(15)
@given(chart_specs())
def test_graphviz_reads_every_chart(spec):
    drawn = chart(spec)
    nodes, clusters, _ = read_back(to_dot(drawn))
    named = nodes | {one.removeprefix("cluster_") for one in clusters}
    assert set(drawn.states) <= named
    assert to_dot(drawn) == to_dot(chart(spec))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_stay_texts(text):
    nodes, clusters, _ = read_back(to_dot(hostile_chart(text)))
    assert nodes == {"a", "c", "initial of ", "initial of b"}
    assert clusters == {"cluster_b"}


def test_a_limit_folds_the_inside_of_boxes():
    drawn = large(300, 900, 10)
    nodes, clusters, _ = read_back(to_dot(drawn, limit=50))
    assert len(nodes) == 31
    assert not clusters
    assert not any("label" in edge for edge in read_back(to_dot(drawn, detail="bare"))[2])


def test_without_graphviz_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "graphviz.backend", None)
    with pytest.raises(NotInstalled, match="graphviz") as caught:
        layout.lay_out(["digraph {a}"])
    assert caught.value.hint == "pip install graphviz graphviz-pure"


def test_without_the_program_the_cure_is_named(monkeypatch):
    monkeypatch.setattr(layout, "program", lambda: "/nowhere/graphviz-pure")
    with pytest.raises(NotInstalled, match="cannot be started"):
        layout.lay_out(["digraph {a}"])


def test_the_program_is_found_without_path(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert layout.lay_out(["digraph {a -> b}", "digraph {c}"])[1]["objects"][0]["name"] == "c"


def test_a_graph_that_cannot_be_read_is_said_to_be_so():
    with pytest.raises(LayoutFailed, match="gave up"):
        layout.lay_out(["digraph {"])
