"""The page of a run needs nothing from outside, says what it leaves out, and stays small."""

import json
import re

import pytest

from traaviis_lab import EventRefused, Lab, LabError, Machine, State, ToldClock
from traaviis_lab.gallery import SmartDoor
from traaviis_lab.travel.carrying import report


class Talk(Machine):
    """Grows a list."""

    data = {"said": [], "n": 0}
    on = State(initial=True)
    on.to(None, on="say", assign={"said": "data.said + [event.text]", "n": "data.n + 1"})


@pytest.fixture
def lab():
    with Lab(clock=ToldClock()) as opened:
        yield opened


def inside(page):
    """The JSON that the page carries."""
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page)[1])


def test_the_page_has_every_step_and_fact_and_nothing_to_fetch(lab, tmp_path):
    run = lab.start(SmartDoor, id="d1")
    run.send("open_command", user_id="</script><b>u1")
    with pytest.raises(EventRefused):
        run.send("kicked")
    path = run.report(tmp_path / "d1.html")
    page = path.read_text()
    carried = inside(page)
    assert [step["e"] for step in carried["steps"]] == ["", "open_command"]
    assert len(carried["facts"]) == run.seq
    assert len(carried["refused"]) == 1
    assert "default-src &#39;none&#39;" in page or "default-src 'none'" in page
    assert not re.search(r'(src|href)="(?!#)|url\(|@import|https?://(?!www\.w3\.org)', page)
    assert "<b>u1" not in page
    assert "The journal has all of it" not in page


def test_a_long_run_is_cut_in_the_middle_and_says_so(lab, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "FACTS", 40)
    run = lab.start(Talk, id="t")
    for n in range(200):
        run.send("say", text=str(n))
    page = run.report(tmp_path / "t.html").read_text()
    carried = inside(page)
    assert "The run has 201 facts; here are the first and the last 20 of them." in page
    seqs = [step["s"] for step in carried["steps"]]
    assert seqs == [*range(1, 21), *range(182, 202)]
    assert carried["steps"][-1]["d"]["n"] == 200


def test_large_data_is_cut_and_the_end_of_a_list_is_kept(lab, tmp_path):
    run = lab.start(Talk, id="t")
    for n in range(300):
        run.send("say", text=f"{n} " + "x" * 500)
    path = run.report(tmp_path / "t.html")
    page = path.read_text()
    assert path.stat().st_size < 2_500_000
    assert "Large values are cut." in page
    carried = inside(page)
    assert len(carried["steps"]) == 301
    assert report.short(["a"] * 3) == ["a"] * 3
    cut = report.short([f"{n} " + "y" * 50 for n in range(1000)])
    assert cut[0].startswith("0 ")
    assert cut[-1].startswith("999 ")
    assert "960 more" in cut[20]
    assert report.short("z" * 5000).endswith("4,700 more")
    assert (
        len(json.dumps(report.short({str(n): {"k": ["v" * 400] * 50} for n in range(99)}))) < 5_000
    )


def test_with_too_much_data_the_outer_steps_stay(lab, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "BYTES", 20_000)
    run = lab.start(Talk, id="t")
    for n in range(200):
        run.send("say", text=f"{n} " + "x" * 50)
    page = run.report(tmp_path / "t.html").read_text()
    steps = inside(page)["steps"]
    assert f"Of 201 steps the {len(steps)} outer ones are shown." in page
    assert 2 < len(steps) < 100
    assert (steps[0]["s"], steps[-1]["s"]) == (1, 201)


def test_a_fork_and_a_recording_have_pages_too(lab, tmp_path):
    run = lab.start(SmartDoor, id="d1")
    run.send("open_command", user_id="u1")
    fork = run.fork(at=2)
    page = fork.report(tmp_path / "f.html").read_text()
    assert "d1 at seq " in page
    assert inside(page)["steps"][0]["e"] == "forked"
    assert lab.recording("d1").report(tmp_path / "r.html").exists()
    with pytest.raises(LabError, match="cannot be written"):
        run.report(tmp_path)
