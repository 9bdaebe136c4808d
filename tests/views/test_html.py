"""The run report: one page with everything in it and nothing in it that could act."""

import json
import re
from html.parser import HTMLParser

import pytest

from tests.views.house import DOOR, HOSTILE, ODD, chart, hostile_chart
from traaviis_lab.views import ReportRun, to_html
from traaviis_lab.views.record import EVERY, plain


class Page(HTMLParser):
    """Collects elements, attributes and the texts of scripts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.scripts = [], [], []
        self.inside = None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        if tag == "script":
            self.inside = dict(attrs).get("type", "code")
            self.scripts.append((self.inside, ""))

    def handle_data(self, data):
        if self.inside:
            self.scripts[-1] = (self.inside, self.scripts[-1][1] + data)

    def handle_endtag(self, tag):
        if tag == "script":
            self.inside = None

    def records(self):
        return [json.loads(text) for kind, text in self.scripts if kind == "application/json"]


def walk(count, **more):
    """`count` steps through the door, with data that changes a little each time."""
    states = ["closed", "opening", "open"]
    return [
        {
            "seq": n, "at": 1_700_000_000_000_000 + n * 1_000_000, "event": "go" if n else "",
            "event_data": {"n": n}, "state": [states[n % 3]], "taken": ["closed#0"] if n else [],
            "effects": [{"kind": "log", "message": "m"}],
            "data": {"opened": n // 3, "locked": False, "big": "same" * 50, **({"odd": 1} if n % 2 else {}), **more},
        }
        for n in range(count)
    ]  # fmt: skip


def replayed(record):
    """Every step's data, put together as the page's script does."""
    data, all_data = {}, []
    for number, step in enumerate(record["steps"]):
        if number % EVERY == 0:
            assert record["full"][number // EVERY] == {
                **{k: v for k, v in data.items() if k not in step.get("x", [])}, **step.get("d", {})
            }  # fmt: skip
        data = {**data, **step.get("d", {})}
        for key in step.get("x", []):
            data.pop(key, None)
        all_data.append(dict(data))
    return all_data


def test_data_travels_as_changes_and_comes_out_whole():
    steps = walk(600)
    page = Page(to_html(ReportRun("door_1", chart(DOOR), steps)))
    [record] = page.records()
    assert replayed(record) == [step["data"] for step in steps]
    assert [record["places"][step["p"]] for step in record["steps"]] == [
        step["state"] for step in steps
    ]
    assert record["arrows"]["closed#0"].startswith("closed → opening: open")


def test_thousands_of_steps_stay_small():
    text = to_html(ReportRun("door_1", chart(DOOR), walk(5_000)))
    assert len(text) < 1_200_000


def test_nothing_is_fetched_and_only_our_script_may_run():
    text = to_html(
        [ReportRun("one", chart(DOOR), walk(5)), ReportRun("two", chart(ODD))], title="Two runs"
    )
    page = Page(text)
    assert not {"link", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert not [
        a for a in page.attributes if a[1] in ("src", "href", "action") or a[1].startswith("on")
    ]
    policy = next(
        value for tag, key, value in page.attributes if tag == "meta" and "default-src" in value
    )
    assert "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", policy)
    assert "url(" not in text
    assert "innerHTML" not in text.replace("no innerHTML", "")


def test_several_runs_are_tabs_that_a_screen_reader_knows():
    page = Page(to_html([ReportRun(f"run {n}", chart(DOOR), walk(3)) for n in range(3)]))
    assert [v for t, k, v in page.attributes if (t, k) == ("section", "aria-labelledby")] == [
        "tab-0",
        "tab-1",
        "tab-2",
    ]
    ids = [value for _, key, value in page.attributes if key == "id"]
    assert len(ids) == len(set(ids))
    assert len(page.records()) == 3


BROKEN = "half a character \ud800 and {{ no template"


@pytest.mark.parametrize("text", [*HOSTILE, BROKEN], ids=range(len(HOSTILE) + 1))
def test_hostile_values_stay_values(text):
    safe = Page(
        to_html(ReportRun("x", hostile_chart("harmless"), [{"state": ["a"], "data": {"k": "v"}}]))
    )
    run = ReportRun(
        text,
        hostile_chart(text if text != BROKEN else "harmless"),
        [
            {
                "seq": 1,
                "event": text,
                "event_data": {text: text},
                "state": ["a"],
                "effects": [text],
                "data": {"k": text},
            }
        ],
        [{"seq": 1, "kind": "event", "name": text, "body": text}],
        [{"seq": 2, "event": text, "reason": text}],
        {text[:50]: text},
    )
    shown = to_html(run, title=text, note=text)
    page = Page(shown)
    counts = {
        tag: page.tags.count(tag) - safe.tags.count(tag) for tag in set(page.tags + safe.tags)
    }
    assert {tag for tag, more in counts.items() if more} <= {"div", "dt", "dd", "text", "path"}
    assert page.records()[0]["steps"][0]["p"] == 0
    shown.encode("utf-8")


def test_long_journals_keep_their_ends_and_say_so():
    facts = [
        {"seq": n, "at": n, "kind": "event", "name": f"e{n}", "body": {"n": n}} for n in range(100)
    ]
    [record] = Page(to_html(ReportRun("x", chart(DOOR), walk(1), facts), facts_limit=10)).records()
    assert [fact[0] for fact in record["facts"]] == [0, 1, 2, 3, 4, "…", 95, 96, 97, 98, 99]
    assert record["facts"][5][3] == "90 more in the journal"


def test_odd_values_become_plain():
    assert plain({"a": float("nan"), "b": (1, {2}), 3: object}) == {
        "a": "nan",
        "b": [1, [2]],
        "3": str(object),
    }
    assert plain("x" * 5_000).endswith("(5,000 characters)")
    deep = value = {}
    for _ in range(100):
        value["d"] = {}
        value = value["d"]
    assert "…" in json.dumps(plain(deep), ensure_ascii=False)


def test_a_run_without_steps_is_a_page_too():
    assert "No steps were recorded." in to_html(ReportRun("empty", chart(ODD)))
