"""A Machine class and the document that says the same are the same chart."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from traaviis_lab.machine.chart import Chart

from .charts import chart_specs, tries
from .machine_classes import machine_class


@tries(150)
@given(chart_specs(), st.randoms(use_true_random=False))
def test_class_and_document_are_the_same_chart(document, chance):
    chart = Chart.from_spec(document)
    machine = machine_class(chart.to_spec(), chance)
    assert machine.chart == chart
    assert machine.chart.to_spec() == chart.to_spec()
    assert machine.name == chart.name


@tries(60)
@given(chart_specs())
def test_a_derived_class_that_adds_nothing_but_its_name_is_the_same_chart(document):
    chart = Chart.from_spec(document)
    base = machine_class(chart.to_spec())
    derived = type("Derived", (base,), {"name": base.name, "__doc__": base.__doc__})
    assert derived.chart == chart
    assert pickle.loads(pickle.dumps(derived.chart)) == chart
