"""Laws on charts nobody drew: what is exported comes back, and each step makes a test that passes."""

import tempfile
from pathlib import Path

from hypothesis import given

from tests.machine.charts import chart_specs, event_strings, tries
from traaviis_lab import Lab, LabError
from traaviis_lab.travel.carrying.reproduce import still_holds

from .random_runs import LAB, play


@tries(60)
@given(chart_specs(), event_strings())
def test_law_what_is_exported_comes_back(spec, sent):
    run = play(spec, sent)
    if run is None:
        return
    with tempfile.TemporaryDirectory() as folder, Lab() as other:
        path = run.export(Path(folder, "x.gz"))
        back = other.import_run(path)
        assert list(other.journal.read(run.id)) == list(LAB.journal.read(run.id))
        assert back.snapshot == run.snapshot
        assert back.export(Path(folder, "y.gz")).read_bytes() == path.read_bytes()
        back.replay()


@tries(60)
@given(chart_specs(), event_strings(max_size=6))
def test_law_every_step_makes_a_test_that_passes(spec, sent):
    run = play(spec, sent)
    if run is None:
        return
    for moment in run.trail.walk():
        text = said = ""
        try:
            text = run.test_case(moment.fact.seq)
        except LabError as error:
            said = error.message
        if not text:
            assert moment.step is None
            assert "no step" in said or "not refused by the machine" in said
            continue
        there = {}
        exec(compile(text, "test_case.py", "exec"), there)
        (test,) = (thing for name, thing in there.items() if name.startswith("test_"))
        test()
        assert still_holds(run.trail, moment.fact.seq, run.chart)
